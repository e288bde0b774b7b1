"""What is written on the lab page goes through the real channels, and is seen there and in SQL."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.integration.demo.browsing import Browser


def _row(table: str, title: str = "") -> Callable[[Any], Any]:
    def found(view: Any) -> Any:
        rows = [row for row in view["rows"] if row["table"] == table and title in row["title"]]
        return rows[0] if rows else None

    return found


async def test_the_page_loads_nothing_from_elsewhere(browser: Browser) -> None:
    page = await browser.client.get("/lab")
    assert page.status_code == 200
    assert "kb-extractive (no language model)" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "http://" not in page.text
    assert "https://" not in page.text
    for name in ("lab.css", "slack.css", "lab.svg"):
        assert (await browser.client.get(f"/lab/static/{name}")).status_code == 200


async def test_the_page_finds_all_its_scripts(browser: Browser) -> None:
    wanted, found = ["lab.js"], set[str]()
    while wanted:
        name = wanted.pop()
        script = await browser.client.get(f"/lab/static/{name}")
        assert script.status_code == 200
        found.add(name)
        wanted += set(re.findall(r'from "\./(\w+\.js)"', script.text)) - found
    assert {"slack.js", "blocks.js", "mail.js", "chat.js", "transcript.js"} < found


async def test_mail_to_the_shop_waits_as_a_draft(browser: Browser) -> None:
    await browser.act(
        "mail/messages",
        person="priya",
        to="help@shop.brightfield.example",
        subject="My order",
        text="Where can I track an order?",
    )
    (mail,) = await browser.until(lambda s: s["mail"] if s["mail"][0]["ticket"] else None)
    draft = await browser.until(_row("draft"), f"tickets/{mail['ticket']}")
    assert draft["title"] == "waits for an operator"
    assert "Source:" in draft["text"]
    assert len((await browser.see())["mail"][0]["letters"]) == 1


async def test_an_out_of_office_reply_stays_without_an_answer(browser: Browser) -> None:
    written = await browser.act(
        "mail/messages",
        person="jonas",
        to="help@hosting.brightfield.example",
        subject="Backups",
        text="How do I restore a backup?",
    )
    mail = written.json()["id"]
    await browser.until(lambda s: len(s["mail"][0]["letters"]) == 2)
    await browser.act("mail/messages", conversation=mail, automatic=True)
    ticket = (await browser.see())["mail"][0]["ticket"]
    await browser.until(_row("ticket_event", "machine_mail"), f"tickets/{ticket}")
    letters = (await browser.see())["mail"][0]["letters"]
    assert [letter["mine"] for letter in letters] == [True, False, True]
    again = await browser.act("mail/messages", conversation=mail, text="How do I change my plan?")
    assert again.json()["id"] == mail
    letters = await browser.until(
        lambda s: s["mail"][0]["letters"] if len(s["mail"][0]["letters"]) == 5 else None
    )
    assert "\n> " in letters[3]["text"]
    view = await browser.see(f"tickets/{ticket}")
    written = [row["text"] for row in view["rows"] if row["title"].endswith("Jonas Lindqvist")]
    assert written == ["How do I restore a backup?", "How do I change my plan?"]


async def test_a_visitor_chats_rates_and_asks_for_a_person(browser: Browser) -> None:
    visitor = (await browser.act("web/visitors", product="hosting")).json()["id"]
    await browser.act("web/messages", visitor=visitor, text="How can I change my plan?")
    answer = await browser.until(
        lambda s: next((m for m in s["web"][0]["messages"] if m["reply"]), None)
    )
    rated = await browser.act("web/feedback", visitor=visitor, reply=answer["reply"], value=-1)
    assert rated.status_code == 200
    await browser.act("web/escalate", visitor=visitor)
    shown = await browser.until(lambda s: s["web"][0] if s["web"][0]["handler"] == "human" else 0)
    assert [m["rating"] for m in shown["messages"] if m["reply"]] == [-1]


async def test_nonsense_is_refused_with_words(browser: Browser) -> None:
    wrong = [
        await browser.act("mail/messages", conversation="<no@where>", text="hi"),
        await browser.act("web/messages", visitor="nobody", text="hi"),
        await browser.act("web/visitors", product="boats"),
        await browser.client.get("/lab/api/tickets/NOSUCH"),
    ]
    assert [response.status_code for response in wrong] == [404, 404, 422, 404]
    assert all(response.json()["message"] for response in wrong)


async def test_another_site_cannot_write_here(browser: Browser) -> None:
    foreign = await browser.client.post(
        "/lab/api/web/visitors",
        json={"product": "hosting"},
        headers={"origin": "http://evil.example", "sec-fetch-site": "cross-site"},
    )
    assert foreign.status_code == 403
    assert (await browser.see())["web"] == []

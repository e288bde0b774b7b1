"""What is written on the lab page goes through the real channels, and is seen there and in SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.integration.demo.browsing import Browser

HOSTING, SHOP = "C0HOSTINGHELP", "C0SHOPHELP"
MARKUP = "Can I talk to a real person? <img src=x onerror=alert(1)>"


def _thread(surfaces: Any, id_: str) -> Any:
    threads = [thread for channel in surfaces["slack"] for thread in channel["threads"]]
    return next(thread for thread in threads if thread["id"] == id_)


def _answered(id_: str, times: int = 1) -> Callable[[Any], Any]:
    def found(surfaces: Any) -> Any:
        thread = _thread(surfaces, id_)
        return thread if sum(m["bot"] for m in thread["messages"]) >= times else None

    return found


def _told_the_team(surfaces: Any) -> Any:
    """Return the first notice in the support team's channel."""
    channel = next(one for one in surfaces["slack"] if one["product"] is None)
    return channel["threads"][0]["messages"][0] if channel["threads"] else None


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
    for name in ("lab.js", "lab.css", "lab.svg"):
        assert (await browser.client.get(f"/lab/static/{name}")).status_code == 200


async def test_a_slack_thread_is_answered_rated_and_escalated(browser: Browser) -> None:
    said = await browser.act(
        "slack/messages", channel=HOSTING, user="maya", text="How do I restore a backup?"
    )
    thread = await browser.until(_answered(said.json()["id"]))
    question, answer = thread["messages"]
    assert question["text"] == "@supportbot How do I restore a backup?"
    assert "Source:" in answer["text"]
    assert [b["text"] for b in answer["buttons"]] == ["Helpful", "Not helpful", "Talk to a person"]
    helpful, person = answer["buttons"][0], answer["buttons"][2]
    press = {"channel": HOSTING, "ts": answer["ts"], "user": "maya"}
    rated = await browser.act("slack/press", **press, action=helpful["action"], positive=True)
    assert rated.status_code == 200
    await browser.act("slack/press", **press, action=person["action"])
    await browser.until(_answered(thread["id"], times=2))
    view = await browser.see(f"tickets/{thread['ticket']}")
    assert view["handler"] == "human"
    assert view["customer"] == "Maya Okafor"
    events = [row["title"] for row in view["rows"] if row["table"] == "ticket_event"]
    assert events == ["opened", "bot_replied", "feedback", "handoff"]
    (completion,) = [row for row in view["rows"] if row["table"] == "completion"]
    assert dict(completion["facts"])["passage 1"].startswith("Restore a backup")
    assert len(dict(completion["facts"])["policy"]) == 12


async def test_a_reply_in_the_thread_stays_on_the_ticket(browser: Browser) -> None:
    said = {"channel": HOSTING, "user": "tomas"}
    first = await browser.act("slack/messages", **said, text="How do I restore a backup?")
    thread = first.json()["id"]
    await browser.until(_answered(thread))
    await browser.act("slack/messages", **said, text="Where do I find invoices?", thread=thread)
    found = await browser.until(_answered(thread, times=2))
    assert [message["bot"] for message in found["messages"]] == [False, True, False, True]
    view = await browser.see(f"tickets/{found['ticket']}")
    assert [r["title"][:2] for r in view["rows"] if r["table"] == "message"] == [
        "#1",
        "#2",
        "#3",
        "#4",
    ]


async def test_what_a_customer_writes_never_becomes_html(browser: Browser) -> None:
    said = await browser.act("slack/messages", channel=HOSTING, user="maya", text=MARKUP)
    thread = await browser.until(_answered(said.json()["id"]))
    assert thread["messages"][0]["html"] is None
    assert MARKUP in thread["messages"][0]["text"]
    team = await browser.until(_told_the_team)
    assert "real person" in team["html"]
    shown = [message["html"] for message in (*thread["messages"][1:], team)]
    assert all("<img" not in html for html in shown)


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
        await browser.act("slack/messages", channel="C0SUPPORTTEAM", user="maya", text="hi"),
        await browser.act("slack/messages", channel=SHOP, user="nobody", text="hi"),
        await browser.act("slack/messages", channel=SHOP, user="maya", text="hi", thread="1.1"),
        await browser.act("mail/messages", conversation="<no@where>", text="hi"),
        await browser.act("web/messages", visitor="nobody", text="hi"),
        await browser.act("web/visitors", product="boats"),
        await browser.client.get("/lab/api/tickets/NOSUCH"),
    ]
    assert [response.status_code for response in wrong] == [422, 422, 404, 404, 404, 422, 404]
    assert all(response.json()["message"] for response in wrong)


async def test_another_site_cannot_write_here(browser: Browser) -> None:
    foreign = await browser.client.post(
        "/lab/api/web/visitors",
        json={"product": "hosting"},
        headers={"origin": "http://evil.example", "sec-fetch-site": "cross-site"},
    )
    assert foreign.status_code == 403
    assert (await browser.see())["web"] == []

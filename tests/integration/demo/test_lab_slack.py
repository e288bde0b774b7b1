"""Slack on the lab page: all that is done goes through the adapter, and is seen as Slack has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.integration.demo.browsing import Browser

HOSTING, SHOP, TEAM = "C0HOSTINGHELP", "C0SHOPHELP", "C0SUPPORTTEAM"
QUESTION = "How do I restore a backup?"
MARKUP = "Can I talk to a real person? <img src=x onerror=alert(1)>"
DIRECT = {"channel": "direct", "user": "maya"}


def channel_of(surfaces: Any, id_: str) -> Any:
    return next(one for one in surfaces["slack"]["channels"] if one["id"] == id_)


def threads(surfaces: Any) -> list[Any]:
    return [thread for one in surfaces["slack"]["channels"] for thread in one["threads"]]


def html_of(message: Any) -> str:
    return "".join(part["html"] for part in message["parts"] if part["kind"] == "html")


def buttons_of(message: Any) -> list[Any]:
    rows = [part["buttons"] for part in message["parts"] if part["kind"] == "buttons"]
    return [button for row in rows for button in row]


def answered(id_: str, times: int = 1) -> Callable[[Any], Any]:
    def found(surfaces: Any) -> Any:
        thread = next(one for one in threads(surfaces) if one["id"] == id_)
        return thread if sum(m["bot"] for m in thread["messages"]) >= times else None

    return found


def first_notice(surfaces: Any) -> Any:
    """Return the first notice in the support team's channel."""
    found = channel_of(surfaces, TEAM)["threads"]
    return found[0]["messages"][0] if found else None


async def asked(browser: Browser, **body: str) -> Any:
    """Ask as Maya; return the thread once it is answered."""
    said = {"channel": HOSTING, "user": "maya", "text": QUESTION, **body}
    written = await browser.act("slack/messages", **said)
    return await browser.until(answered(written.json()["id"]))


async def test_thread_is_answered_rated_and_escalated(browser: Browser) -> None:
    thread = await asked(browser)
    question, answer = thread["messages"]
    assert question["text"] == f"@supportbot {QUESTION}"
    assert "Source:" in html_of(answer)
    helpful, unhelpful, person = buttons_of(answer)
    assert [b["text"] for b in (helpful, unhelpful, person)] == [
        "Helpful",
        "Not helpful",
        "Talk to a person",
    ]
    press = {"channel": HOSTING, "ts": answer["ts"], "user": "maya"}
    rated = await browser.act("slack/press", **press, action=helpful["action"], positive=True)
    assert rated.status_code == 200
    await browser.act("slack/press", **press, action=person["action"])
    await browser.until(answered(thread["id"], times=2))
    view = await browser.see(f"tickets/{thread['ticket']}")
    assert view["handler"] == "human"
    assert view["customer"] == "Maya Okafor"
    events = [row["title"] for row in view["rows"] if row["table"] == "ticket_event"]
    assert events == ["opened", "bot_replied", "feedback", "handoff"]
    (completion,) = [row for row in view["rows"] if row["table"] == "completion"]
    assert dict(completion["facts"])["passage 1"].startswith("Restore a backup")
    assert len(dict(completion["facts"])["policy"]) == 12


async def test_reply_in_the_thread_stays_on_the_ticket(browser: Browser) -> None:
    thread = await asked(browser, user="tomas")
    reply = {"channel": HOSTING, "user": "tomas", "thread": thread["id"]}
    await browser.act("slack/messages", **reply, text="Where do I find invoices?")
    found = await browser.until(answered(thread["id"], times=2))
    assert [message["bot"] for message in found["messages"]] == [False, True, False, True]
    view = await browser.see(f"tickets/{found['ticket']}")
    messages = [row["title"][:2] for row in view["rows"] if row["table"] == "message"]
    assert messages == ["#1", "#2", "#3", "#4"]


async def test_what_a_customer_writes_never_becomes_html(browser: Browser) -> None:
    thread = await asked(browser, text=MARKUP)
    assert thread["messages"][0]["parts"] is None
    assert MARKUP in thread["messages"][0]["text"]
    team = await browser.until(first_notice, "surfaces?as=robin")
    assert "real person" in html_of(team)
    assert all("<img" not in html_of(m) for m in (*thread["messages"][1:], team))


async def test_only_operators_see_their_channel(browser: Browser) -> None:
    names = {
        person: [c["id"] for c in (await browser.see(f"surfaces?as={person}"))["slack"]["channels"]]
        for person in ("maya", "robin")
    }
    assert names == {
        "maya": [HOSTING, SHOP, "direct"],
        "robin": [HOSTING, SHOP, TEAM, "direct"],
    }


async def test_channel_that_listens_to_all_needs_no_mention(browser: Browser) -> None:
    said = {"channel": SHOP, "user": "maya", "text": "Where can I track an order?"}
    thread = (await browser.act("slack/messages", **said)).json()["id"]
    notice = await browser.until(first_notice, "surfaces?as=robin")
    assert "track" in html_of(notice)
    (root,) = channel_of(await browser.see(), SHOP)["threads"]
    assert (root["id"], root["messages"][0]["text"]) == (thread, said["text"])


async def test_direct_message_is_answered_with_questions_to_choose_from(browser: Browser) -> None:
    await browser.act("slack/tab", user="maya")
    prompts = await browser.until(lambda s: channel_of(s, "direct")["prompts"])
    assert prompts[0] == {"title": "Restore a backup", "message": QUESTION}
    thread = await asked(browser, channel="direct", text=prompts[0]["message"])
    assert thread["messages"][0]["text"] == QUESTION
    others = channel_of(await browser.see("surfaces?as=tomas"), "direct")
    assert others["threads"] == others["prompts"] == []


async def test_command_is_answered_in_a_direct_message(browser: Browser) -> None:
    typed = f"/support {QUESTION}"
    await browser.act("slack/messages", channel=HOSTING, user="maya", text=typed)
    command, whisper = channel_of(await browser.see(), HOSTING)["whispers"]
    assert command["typed"] == typed
    assert (whisper["whisper"], "direct message" in html_of(whisper)) == (True, True)
    thread = await browser.until(
        lambda s: next((t for t in threads(s) if len(t["messages"]) == 2), None)
    )
    assert "You asked" in html_of(thread["messages"][0])
    assert "Source:" in html_of(thread["messages"][1])
    assert channel_of(await browser.see("surfaces?as=tomas"), HOSTING)["whispers"] == []


async def test_shortcut_asks_about_somebody_elses_message(browser: Browser) -> None:
    said = await browser.act("slack/messages", channel=TEAM, user="robin", text=QUESTION)
    message = {"channel": TEAM, "ts": said.json()["id"]}
    await browser.act("slack/ask", user="maya", **message)
    await browser.until(
        lambda s: any(
            "this message" in html_of(m) for t in threads(s) for m in t["messages"] if m["bot"]
        )
    )


async def test_home_tab_asks_by_a_form_and_shows_the_ticket(browser: Browser) -> None:
    await browser.act("slack/home", user="tomas")
    tomas = "surfaces?as=tomas"
    home = await browser.until(lambda s: s["slack"]["home"], tomas)
    hosting = next(b for b in buttons_of({"parts": home}) if "Hosting" in b["text"])
    await browser.act("slack/home/press", user="tomas", action=hosting["action"])
    form = await browser.until(lambda s: s["slack"]["form"], tomas)
    (field,) = [part for part in form["parts"] if part["kind"] == "input"]
    assert (field["long"], form["submit"]) == (True, "Ask")
    sent = await browser.act("slack/form", user="tomas", values={field["id"]: QUESTION})
    assert sent.status_code == 200
    await browser.until(lambda s: not s["slack"]["form"], tomas)
    await browser.until(lambda s: [t for t in threads(s) if len(t["messages"]) == 2], tomas)
    await browser.act("slack/home", user="tomas")
    await browser.until(lambda s: QUESTION in html_of({"parts": s["slack"]["home"]}), tomas)


async def test_own_words_can_be_changed_and_taken_back(browser: Browser) -> None:
    thread = await asked(browser)
    mine = {"channel": HOSTING, "user": "maya", "ts": thread["id"]}
    changed = await browser.act("slack/edit", **mine, text="@supportbot How do I delete it?")
    assert changed.status_code == 200
    (found,) = channel_of(await browser.see(), HOSTING)["threads"]
    assert (found["messages"][0]["text"], found["messages"][0]["edited"]) == (
        "@supportbot How do I delete it?",
        True,
    )
    not_mine = await browser.act("slack/delete", **{**mine, "user": "tomas"})
    assert not_mine.status_code == 403
    assert (await browser.act("slack/delete", **mine)).status_code == 200


async def test_text_file_is_shown_below_its_question(browser: Browser) -> None:
    file = {"name": "error.log", "text": "Error 0x80070005: access denied"}
    said = {"channel": "direct", "user": "maya", "text": QUESTION, "file": file}
    thread = await browser.until(
        answered((await browser.act("slack/messages", **said)).json()["id"])
    )
    assert thread["messages"][0]["files"] == ["error.log"]
    wrong = await browser.act("slack/messages", **{**said, "file": "error.log"})
    assert wrong.status_code == 422


async def test_check_mark_is_seen_by_all(browser: Browser) -> None:
    thread = await asked(browser)
    await browser.act("slack/react", channel=HOSTING, user="maya", ts=thread["id"])
    (found,) = channel_of(await browser.see("surfaces?as=tomas"), HOSTING)["threads"]
    assert found["messages"][0]["reactions"] == [{"emoji": "✅", "count": 1}]


async def test_nonsense_is_refused_with_words(browser: Browser) -> None:
    here = {"channel": SHOP, "user": "maya"}
    wrong = [
        await browser.act("slack/messages", channel="C0NOWHERE", user="maya", text="hi"),
        await browser.act("slack/messages", channel=SHOP, user="nobody", text="hi"),
        await browser.act("slack/messages", **here, text="hi", thread="1.1"),
        await browser.act("slack/press", **here, ts="1.1", action="supportbot_escalate"),
        await browser.act("slack/home/press", user="maya", action="supportbot_nothing"),
        await browser.act("slack/form", user="maya", values={"words": "hi"}),
        await browser.act("slack/form/close", user="maya"),
    ]
    assert [response.status_code for response in wrong] == [422, 422, 404, 404, 422, 422, 422]
    assert all(response.json()["message"] for response in wrong)

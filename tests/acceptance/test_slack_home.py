"""The app's home tab: what somebody asked, and a form to ask more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from supportbot.channels.slack.config import Transport
from tests.acceptance.slack_desk import ANSWER, Desk, desk
from tests.acceptance.test_slack_requests import direct_thread


def home_shows(d: Desk, user: str, *words: str) -> Any:
    async def shown() -> bool:
        home = d.slack.views.home(user)
        return home is not None and all(word in home.text for word in words)

    return shown


async def test_home_shows_what_somebody_asked_and_nobody_elses(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        for user, text in (("ada", "How do I export?"), ("grace", "How do I import?")):
            await d.slack.wait_for_replies(d.slack.mention("support", user, text))
        await d.settled()
        d.slack.views.open_home("ada")
        await d.eventually(home_shows(d, "ada", "Ask about Rocket", "How do I export?", "answered"))
        home = d.slack.views.home("ada")
        assert home is not None
        assert "import" not in home.text
        assert (await d.outcomes())[-1] == ("suppressed", "app_home_opened")


async def test_form_of_the_home_tab_is_answered_in_a_direct_message(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        d.slack.views.open_home("ada")
        await d.eventually(home_shows(d, "ada", "You have not asked anything yet."))
        d.slack.views.press("ada", "supportbot_ask:rocket")

        async def opened() -> bool:
            return d.slack.views.modal("ada") is not None

        await d.eventually(opened)
        sent = d.slack.views.submit("ada", "How do I export?")
        copy, answer = await direct_thread(d, "ada")
        assert "> How do I export?" in copy.markdown
        assert (answer.markdown, answer.root) == (ANSWER, copy.ts)
        assert sent.acked
        assert not sent.response
        await d.eventually(home_shows(d, "ada", "How do I export?"))


async def with_the_form_open(d: Desk) -> None:
    """Let Ada open the home tab, and the form in it."""
    d.slack.views.open_home("ada")
    await d.eventually(home_shows(d, "ada", "Ask about Rocket"))
    d.slack.views.press("ada", "supportbot_ask:rocket")

    async def opened() -> bool:
        return d.slack.views.modal("ada") is not None

    await d.eventually(opened)


async def test_blank_form_stays_open_and_says_so(transport: Transport, tmp_path: Path) -> None:
    async with desk(transport, tmp_path) as d:
        await with_the_form_open(d)
        d.slack.views.submit("ada", "  \n ")
        await d.slack.settled()
        form = d.slack.views.modal("ada")
        assert form is not None
        assert form.errors == {"supportbot_words": "Please write your question."}
        d.slack.views.submit("ada", "How do I export?")
        _, answer = await direct_thread(d, "ada")
        assert answer.markdown == ANSWER


async def test_form_that_is_sent_twice_is_asked_once(transport: Transport, tmp_path: Path) -> None:
    async with desk(transport, tmp_path) as d:
        await with_the_form_open(d)
        sent = d.slack.views.submit("ada", "How do I export?")
        d.slack.interact({**sent.payload, "trigger_id": "7.another"})
        await direct_thread(d, "ada")
        await d.settled()
        assert [kind for kind, _ in await d.outcomes()].count("message") == 1
        (ticket,) = await d.tickets()
        assert len(await d.messages(ticket)) == 2
        assert len(await direct_thread(d, "ada")) == 2


async def test_home_is_shown_anew_each_time_and_whoever_is_newer_wins(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        d.slack.views.open_home("ada")
        await d.eventually(home_shows(d, "ada", "Your tickets"))
        stale = d.slack.views.open_home("ada")
        await d.slack.settled()
        await d.slack.wait_for_replies(d.slack.mention("support", "ada", "How do I export?"))
        await d.settled()
        d.slack.views.open_home("ada")
        await d.eventually(home_shows(d, "ada", "How do I export?"))
        again = dict(stale.payload, event_id="Ev-late")
        d.slack._site.send("events_api", again)
        await d.slack.settled()

        async def refused() -> bool:
            return "hash_conflict" in [call.error for call in d.slack.calls("views.publish")]

        await d.eventually(refused)
        await d.eventually(home_shows(d, "ada", "How do I export?"))


async def test_press_that_comes_to_nothing_does_no_harm(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        d.slack.views.open_home("ada")
        await d.eventually(home_shows(d, "ada", "Ask about Rocket"))
        d.slack.faults.fail("views.open", "expired_trigger_id")
        pressed = d.slack.views.press("ada", "supportbot_ask:rocket")
        await d.slack.settled()
        assert pressed.acked
        question = d.slack.direct("ada", "How do I export?")
        await d.slack.wait_for_replies(question)
        assert d.slack.views.modal("ada") is None

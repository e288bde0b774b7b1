"""The app's home tab: what somebody asked, and a form to ask more."""

from __future__ import annotations

from supportbot.testing.fake_slack.views import FakeView
from tests.acceptance.slack_desk import ANSWER, Desk
from tests.acceptance.test_slack_requests import direct_thread


async def home_shows(d: Desk, user: str, *words: str) -> FakeView:
    """Wait until somebody's home tab shows all these words; return it."""

    async def shown() -> FakeView | None:
        home = d.slack.views.home(user)
        return home if home and all(word in home.text for word in words) else None

    home: FakeView = await d.eventually(shown)
    return home


async def with_the_form_open(d: Desk, *words: str) -> FakeView:
    """Let Ada open the home tab, which shows these words, and the form in it; return the form."""
    d.slack.views.open_home("ada")
    await home_shows(d, "ada", "Ask about Rocket", *words)
    d.slack.views.press("ada", "supportbot_ask:rocket")
    return await d.form("ada")


async def test_home_shows_what_somebody_asked_and_nobody_elses(d: Desk) -> None:
    for user, text in (("ada", "How do I export?"), ("grace", "How do I import?")):
        await d.slack.wait_for_replies(d.slack.mention("support", user, text))
    await d.settled()
    d.slack.views.open_home("ada")
    home = await home_shows(d, "ada", "Ask about Rocket", "How do I export?", "answered")
    assert "import" not in home.text
    assert (await d.outcomes())[-1] == ("suppressed", "app_home_opened")


async def test_form_of_the_home_tab_is_answered_in_a_direct_message(d: Desk) -> None:
    await with_the_form_open(d, "You have not asked anything yet.")
    sent = d.slack.views.submit("ada", "How do I export?")
    copy, answer = await direct_thread(d, "ada")
    assert "> How do I export?" in copy.markdown
    assert (answer.markdown, answer.root) == (ANSWER, copy.ts)
    assert sent.acked
    assert not sent.response
    await home_shows(d, "ada", "How do I export?")


async def test_blank_form_stays_open_and_says_so(d: Desk) -> None:
    form = await with_the_form_open(d)
    d.slack.views.submit("ada", "  \n ")
    await d.slack.settled()
    assert form.is_open
    assert form.errors == {"supportbot_words": "Please write your question."}
    d.slack.views.submit("ada", "How do I export?")
    _, answer = await direct_thread(d, "ada")
    assert answer.markdown == ANSWER


async def test_form_that_is_sent_twice_is_asked_once(d: Desk) -> None:
    await with_the_form_open(d)
    sent = d.slack.views.submit("ada", "How do I export?")
    d.slack.interact({**sent.payload, "trigger_id": "7.another"})
    await direct_thread(d, "ada")
    await d.settled()
    assert [kind for kind, _ in await d.outcomes()].count("message") == 1
    (ticket,) = await d.tickets()
    assert len(await d.messages(ticket)) == 2
    assert len(await direct_thread(d, "ada")) == 2


async def test_home_is_shown_anew_each_time_and_whoever_is_newer_wins(d: Desk) -> None:
    d.slack.views.open_home("ada")
    await home_shows(d, "ada", "Your tickets")
    stale = d.slack.views.open_home("ada")
    await d.slack.settled()
    await d.slack.wait_for_replies(d.slack.mention("support", "ada", "How do I export?"))
    await d.settled()
    d.slack.views.open_home("ada")
    await home_shows(d, "ada", "How do I export?")
    d.slack._site.send("events_api", dict(stale.payload, event_id="Ev-late"))
    published = "views.publish"
    await d.until(lambda: "hash_conflict" in [one.error for one in d.slack.calls(published)])
    await home_shows(d, "ada", "How do I export?")


async def test_press_that_comes_to_nothing_does_no_harm(d: Desk) -> None:
    d.slack.views.open_home("ada")
    await home_shows(d, "ada", "Ask about Rocket")
    d.slack.faults.fail("views.open", "expired_trigger_id")
    pressed = d.slack.views.press("ada", "supportbot_ask:rocket")
    await d.slack.settled()
    assert pressed.acked
    question = d.slack.direct("ada", "How do I export?")
    await d.slack.wait_for_replies(question)
    assert d.slack.views.modal("ada") is None

"""The lab page in a real browser: what people click there is done, and what they write is text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from supportbot.demo.cast import HOSTING_HELP, ROBIN, SUPPORT_TEAM
from supportbot.demo.scene import Day
from tests.browser.chromium import Page, browser, program
from tests.pictures.run import opened

pytestmark = pytest.mark.skipif(program() is None, reason="no Chromium is installed")

SLACK = ".pane.slack"
MARKUP = "How do I restore a backup? <img src=x onerror=\"document.title='gone'\">"


@dataclass
class Lab:
    """The page, and the day behind it."""

    page: Page
    day: Day

    async def ask(self, text: str) -> None:
        await self.page.type_into("#slack-text", text)
        await self.page.click("#slack-form [type=submit]")

    async def go(self, channel: str, person: str) -> None:
        await self.page.choose("#slack-user", person)
        await self.page.click(f"#slack-tabs [data-channel='{channel}']")


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    async with opened({}) as day, browser() as page:
        await page.visit(f"{day.stage.origin}/lab", 1500, 900)
        await page.click("#slack-tabs button")
        yield Lab(page, day)


async def test_customer_asks_and_an_operator_answers_by_a_form(lab: Lab) -> None:
    await lab.ask("How do I restore a backup?")
    await lab.page.press("Talk to a person")
    await lab.go(SUPPORT_TEAM.id, ROBIN.handle)
    await lab.page.press("Reply")
    await lab.page.type_into("#slack-modal textarea", "I have restored it for you.")
    await lab.page.click("#slack-modal [type=submit]")
    await lab.page.shows(SLACK, "has it and answered")
    await lab.go(HOSTING_HELP.id, "maya")
    await lab.page.shows(SLACK, "I have restored it for you.")
    await lab.page.shows(SLACK, "from the support team")
    await lab.page.shows(".pane.sql", "operator")
    assert lab.day.stage.slack.violations == []


async def test_form_that_is_refused_stays_with_its_words(lab: Lab) -> None:
    await lab.ask("How do I restore a backup?")
    await lab.page.press("Talk to a person")
    await lab.go(SUPPORT_TEAM.id, ROBIN.handle)
    await lab.page.press("Reply")
    await lab.page.type_into("#slack-modal textarea", " ")
    await lab.page.click("#slack-modal [type=submit]")
    await lab.page.shows("#slack-modal", "Write something first.")
    assert await lab.page.evaluate("document.querySelector('#slack-modal textarea').value") == " "
    await lab.page.press("Cancel")
    await lab.page.until("document.querySelector('#slack-modal').hidden")


async def test_what_a_customer_writes_is_text(lab: Lab) -> None:
    await lab.ask(MARKUP)
    await lab.page.shows(SLACK, "<img src=x")
    await lab.page.until("document.querySelector('.slack .post.bot') !== null")
    await lab.page.shows(".pane.sql", "<img src=x")
    assert await lab.page.evaluate("document.querySelectorAll('main img').length") == 0
    assert await lab.page.evaluate("document.title") == "supportbot lab"


async def test_own_message_can_be_changed(lab: Lab) -> None:
    await lab.ask("How do I restore a bakcup?")
    await lab.page.shows(SLACK, "bakcup")
    await lab.page.press("Edit")
    await lab.ask("@supportbot How do I restore a backup?")
    await lab.page.shows(SLACK, "(edited)")
    await lab.page.shows(SLACK, "@supportbot How do I restore a backup?")


async def test_command_is_answered_in_sight_of_its_author_only(lab: Lab) -> None:
    await lab.ask("/support hosting How do I restore a backup?")
    await lab.page.shows(SLACK, "Only visible to you")
    await lab.go(HOSTING_HELP.id, "tomas")
    await lab.page.shows(SLACK, "Nobody has written here yet.")

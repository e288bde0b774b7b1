"""The messages tab: questions that somebody may choose, and a word to begin with.

https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from supportbot.channels.slack.config import Rulebook, SuggestedPrompt
from supportbot.channels.slack.failures import translated
from supportbot.channels.slack.parsing.viewing import viewed_product
from supportbot.channels.slack.surfaces.words import welcome
from supportbot.channels.slack.web import SlackWeb

#: Slack shows no more.
MOST_PROMPTS = 4


async def offer(
    web: SlackWeb, rulebook: Rulebook, channel: str, thread_ts: str | None, viewed: str | None
) -> None:
    """Offer the suggested prompts in a direct conversation, or in a thread of it.

    `viewed` is the product of what is on the screen beside it.

    Raises:
        SendError, DeliveryUnknown: Slack did not take them.
    """
    fitting = fitting_prompts(rulebook.prompts, viewed)
    if not fitting:
        return
    prompts = [{"title": one.title, "message": one.message} for one in fitting]
    with translated("offer questions", may_repeat=True):
        await web.client().assistant_threads_setSuggestedPrompts(
            channel_id=channel, thread_ts=thread_ts, prompts=prompts
        )


def fitting_prompts(
    prompts: Sequence[SuggestedPrompt], viewed: str | None
) -> Sequence[SuggestedPrompt]:
    """Choose four at most: of a product that is looked at and general ones, else all in order."""
    fitting = [one for one in prompts if viewed is None or one.product in {None, viewed}]
    if viewed is not None:
        fitting.sort(key=lambda one: one.product is None)
    return fitting[:MOST_PROMPTS]


async def welcome_to_thread(web: SlackWeb, rulebook: Rulebook, event: Mapping[str, Any]) -> None:
    """Begin an assistant thread, which apps without an agent view have instead of a messages tab.

    https://docs.slack.dev/reference/events/assistant_thread_started

    Raises:
        SendError, DeliveryUnknown: Slack did not take it.
    """
    thread = event.get("assistant_thread")
    thread = thread if isinstance(thread, dict) else {}
    channel, thread_ts = thread.get("channel_id"), thread.get("thread_ts")
    if not (isinstance(channel, str) and isinstance(thread_ts, str)):
        return
    text = welcome(rulebook.products)
    with translated(f"begin a thread in {channel}", may_repeat=False):
        await web.client().chat_postMessage(channel=channel, thread_ts=thread_ts, text=text)
    viewed = viewed_product(thread.get("context"), rulebook)
    await offer(web, rulebook, channel, thread_ts, viewed)

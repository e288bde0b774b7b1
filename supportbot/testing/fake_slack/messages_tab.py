"""The app's messages tab (agent view), and the assistant threads that older apps have instead.

https://docs.slack.dev/reference/events/app_home_opened and
https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from supportbot.testing.fake_slack.outbox import EventDelivery
from supportbot.testing.fake_slack.workspace import ApiRefusal, FakeChannel, FakeMessage, Workspace

Arguments = Mapping[str, Any]
Answer = dict[str, Any]

MAX_PROMPTS = 4


class MessagesTab:
    """What people do in the messages tab, and what the app offers them there."""

    def __init__(
        self, workspace: Workspace, emit: Callable[[dict[str, Any]], EventDelivery]
    ) -> None:
        self._workspace = workspace
        self._emit = emit
        #: Channel, or `channel:thread_ts`, → the prompts that are offered there.
        self.prompts: dict[str, list[dict[str, str]]] = {}
        #: `channel:thread_ts` → the title of an assistant thread.
        self.titles: dict[str, str] = {}
        self._viewed: dict[str, dict[str, Any]] = {}

    def open(self, user: str) -> EventDelivery:
        """Open the messages tab."""
        channel, person = self._channel(user), self._workspace.user(user)
        return self._emit(
            {
                "type": "app_home_opened",
                "user": person.id,
                "channel": channel.id,
                "tab": "messages",
                "context": self.viewed(person.id),
                "event_ts": self._workspace.next_ts(),
            }
        )

    def look_at(self, user: str, channel: str) -> EventDelivery:
        """Go to another channel beside the messages tab: the app is told what is looked at.

        What the user opens or writes there afterwards tells it too.
        """
        person, place = self._workspace.user(user), self._workspace.channel(channel)
        entity = {"type": "slack#/types/channel_id", "value": place.id, "team_id": person.team}
        self._viewed[person.id] = {"entities": [entity]}
        return self._emit(
            {"type": "app_context_changed", "user": person.id, "context": self.viewed(person.id)}
        )

    def viewed(self, user_id: str) -> dict[str, Any]:
        """Return what a user looks at, as Slack writes it; empty where that is nothing."""
        return self._viewed.get(user_id, {})

    def start_thread(self, user: str) -> FakeMessage:
        """Begin an assistant thread; return the message that opens it."""
        channel, person = self._channel(user), self._workspace.user(user)
        ts = self._workspace.next_ts()
        root = FakeMessage(channel.id, ts, self._workspace.bot_user, "New Assistant Thread", ts)
        self._workspace.add(root)
        entities = self.viewed(person.id).get("entities")
        thread = {
            "user_id": person.id,
            "context": {"channel_id": entities[0]["value"]} if entities else {},
            "channel_id": channel.id,
            "thread_ts": ts,
        }
        self._emit({"type": "assistant_thread_started", "assistant_thread": thread, "event_ts": ts})
        return root

    def set_prompts(self, workspace: Workspace, args: Arguments) -> Answer:
        """https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts."""
        channel = workspace.channel(str(args.get("channel_id")))
        prompts, thread_ts = args.get("prompts"), args.get("thread_ts")
        if not isinstance(prompts, list) or not 0 < len(prompts) <= MAX_PROMPTS:
            self._refuse("invalid_arguments", f"{MAX_PROMPTS} prompts at most, one at least")
        for prompt in prompts or ():
            if not (isinstance(prompt, dict) and prompt.get("title") and prompt.get("message")):
                self._refuse("invalid_arguments", "a prompt has a title and a message")
        if thread_ts and workspace.find(channel.id, str(thread_ts)) is None:
            self._refuse("thread_not_found", f"no message {thread_ts} in {channel.id}")
        if not channel.is_im:
            self._refuse("channel_not_found", "prompts are offered in direct messages")
        self.prompts[f"{channel.id}:{thread_ts}" if thread_ts else channel.id] = list(prompts or ())
        return {}

    def set_title(self, workspace: Workspace, args: Arguments) -> Answer:
        """https://docs.slack.dev/reference/methods/assistant.threads.setTitle."""
        channel, ts = workspace.channel(str(args.get("channel_id"))), str(args.get("thread_ts"))
        if not args.get("title"):
            self._refuse("invalid_arguments", "a title is not empty")
        if workspace.find(channel.id, ts) is None:
            self._refuse("thread_not_found", f"no message {ts} in {channel.id}")
        self.titles[f"{channel.id}:{ts}"] = str(args["title"])
        return {}

    def _channel(self, user: str) -> FakeChannel:
        return self._workspace.direct_channel(self._workspace.user(user))

    def _refuse(self, code: str, what: str) -> None:
        self._workspace.violations.append(f"{code}: {what}")
        raise ApiRefusal(code)

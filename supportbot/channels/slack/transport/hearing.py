"""From a payload to a committed inbound row."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from supportbot.channels.base import Accept
from supportbot.channels.slack.branches import Branches
from supportbot.channels.slack.config import Rulebook
from supportbot.channels.slack.identity import Identity
from supportbot.channels.slack.installing.workspaces import is_taken_back
from supportbot.channels.slack.keys import inbound_keys
from supportbot.channels.slack.parsing.people import (
    Person,
    is_of_any_team,
    person_of,
    place_of,
)
from supportbot.channels.slack.parsing.profiles import profile_payload
from supportbot.channels.slack.parsing.scene import UNREADABLE
from supportbot.channels.slack.surfaces.presses import ack_body
from supportbot.channels.slack.surfaces.words import request_line
from supportbot.errors import SupportbotError
from supportbot.model.inbound import Accepted, Inbound
from supportbot.model.time import Clock

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Beside:
    """What goes on beside hearing, and never in its way."""

    branches: Branches
    rulebook: Rulebook


class Hearing:
    """Hands payloads to `accept` and knows which are still on their way."""

    def __init__(self, channel: str, clock: Clock, accept: Accept, beside: Beside) -> None:
        self._channel = channel
        self._clock = clock
        self._accept = accept
        self._beside = beside
        self._under_way: set[asyncio.Task[Any]] = set()

    async def hear(self, payload: Mapping[str, Any], identity: Identity) -> str | dict[str, Any]:
        """Commit a payload in canonical form; raises what `accept` raises: no ack then.

        Return what the ack says: words to whoever typed a command or filled in a form, else
        nothing.
        """
        raw = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        # A lone surrogate is valid in JSON but not in UTF-8.
        accepted = await self._commit(payload, raw.encode("utf-8", "replace"), identity)
        if "command" not in payload:
            return ack_body(payload, accepted)
        return request_line(payload, accepted, self._beside.rulebook)

    async def hear_unreadable(self, raw: bytes) -> None:
        """Commit bytes that Slack signed but nobody can read; parsing refuses them."""
        _log.warning("slack_payload_unreadable", size_bytes=len(raw))
        digest = hashlib.sha256(raw).hexdigest()
        meta = {**Identity("", "", "").meta(), UNREADABLE: "1"}
        await self._accept(Inbound(self._channel, (f"sha256:{digest}",), raw, meta, self._clock()))

    async def introduce(self, person: Person, name: str, identity: Identity) -> None:
        """Commit a name that was looked up; where that fails, their next message brings it."""
        at = self._clock()
        key, raw = profile_payload(person, name, at)
        inbound = Inbound(
            channel=self._channel,
            keys=(key,),
            raw=raw,
            meta=identity.meta(),
            received_at=at,
            may_wait=True,
        )
        try:
            await self._accept(inbound)
        except SupportbotError as error:
            _log.warning("slack_name_not_committed", error=type(error).__name__)

    async def _commit(self, payload: Mapping[str, Any], raw: bytes, identity: Identity) -> Accepted:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("payloads are heard inside a task")
        person = person_of(payload, identity)
        if not identity.is_known:
            person = None  # of a workspace that is none of ours nothing is looked up
        branches, known = self._beside.branches, dict[str, str]()
        if person:
            place, of_any_team = place_of(payload), is_of_any_team(payload)
            known |= branches.facts(person, identity, place, of_any_team=of_any_team)
        self._under_way.add(task)
        try:
            accepted = await self._accept(
                Inbound(
                    channel=self._channel,
                    keys=inbound_keys(payload, raw, identity.team),
                    raw=raw,
                    meta={**identity.meta(), **known},
                    received_at=self._clock(),
                    # A button that was pressed says so at once; an event is only acknowledged.
                    may_wait=payload.get("type") == "event_callback",
                )
            )
            if is_taken_back(payload):
                branches.leave(identity)
            if person:
                self._committed(payload, person, identity, accepted)
            return accepted
        finally:
            self._under_way.discard(task)

    def _committed(
        self, payload: Mapping[str, Any], person: Person, own: Identity, accepted: Accepted
    ) -> None:
        branch = self._beside.branches.heard_from(own)
        # Of those whose chatter is none of our business no name is asked for.
        if accepted.suppressed is None:
            branch.directory.want(person)
        branch.surfaces.show(payload, person, own, accepted)

    async def drained(self, timeout_seconds: float) -> None:
        """Wait for commits under way. The SDK starts a task for each event and forgets it."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=timeout_seconds)

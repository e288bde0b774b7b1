"""Folding a ticket's events into episodes: the grain of every report.

`fold` is a reduction over events in their order, so the projection can be rebuilt bit for bit.
Definitions: an episode begins when the ticket is opened or reopened and ends when it is resolved;
a reply counts when it is public and carries content (a notice does not).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from supportbot.model.ticket import EventKind, Resolution, TicketEvent


@dataclass(frozen=True, slots=True)
class Episode:
    """One open-to-resolved cycle of a ticket."""

    ticket_id: int
    n: int
    opened_at: datetime
    #: The bot was enabled for this product and channel when the episode began.
    eligible: bool
    #: The bot tried: it answered, drafted or handed off by itself.
    involved: bool = False
    first_reply_at: datetime | None = None
    first_human_reply_at: datetime | None = None
    handoff_at: datetime | None = None
    handoff_reason: str | None = None
    resolved_at: datetime | None = None
    resolution: Resolution | None = None
    resolved_by: int | None = None
    reopened_at: datetime | None = None
    bot_messages: int = 0
    human_messages: int = 0
    drafts: int = 0
    suppressed: int = 0
    #: A person took the ticket although the bot had not handed it off.
    takeover_at: datetime | None = None
    #: From when to when the customer waited for the first words of a person: from the first
    #: handoff, or from the opening where a person wrote before the bot had said anything.
    human_asked_at: datetime | None = None
    human_answered_at: datetime | None = None
    last_event_id: int = 0


def fold(events: Iterable[TicketEvent]) -> dict[int, Episode]:
    """Fold one ticket's events, oldest first, into its episodes by number."""
    episodes: dict[int, Episode] = {}
    for event in events:
        if event.kind is EventKind.REOPENED:
            before = episodes.get(event.episode_n - 1)
            if before is not None:
                episodes[before.n] = reopened(before, event)
        episodes[event.episode_n] = apply(episodes.get(event.episode_n), event)
    return episodes


def reopened(before: Episode, event: TicketEvent) -> Episode:
    """Note on a resolved episode that a next one followed."""
    return replace(before, reopened_at=event.at, last_event_id=event.id)


def apply(episode: Episode | None, event: TicketEvent) -> Episode:
    """Fold one more event into its episode; the first one must open it."""
    if episode is None:
        episode = Episode(
            ticket_id=event.ticket_id,
            n=event.episode_n,
            opened_at=event.at,
            eligible=bool(event.data.get("eligible", True)),
        )
    return replace(_happened(episode, event), last_event_id=event.id)


def _happened(episode: Episode, event: TicketEvent) -> Episode:
    match event.kind:
        case EventKind.BOT_REPLIED:
            return replace(
                episode,
                involved=True,
                bot_messages=episode.bot_messages + 1,
                first_reply_at=episode.first_reply_at or event.at,
            )
        case EventKind.HUMAN_REPLIED:
            return _human_replied(episode, event.at)
        case EventKind.DRAFTED:
            return replace(episode, involved=True, drafts=episode.drafts + 1)
        case EventKind.HANDOFF:
            return replace(
                episode,
                involved=True,
                handoff_at=episode.handoff_at or event.at,
                handoff_reason=episode.handoff_reason or event.reason,
                human_asked_at=episode.human_asked_at or event.at,
            )
        case EventKind.TAKEOVER if episode.handoff_at is None:
            return replace(episode, takeover_at=episode.takeover_at or event.at)
        case EventKind.SUPPRESSED:
            return replace(episode, suppressed=episode.suppressed + 1)
        case EventKind.RESOLVED if episode.resolved_at is None:
            return replace(
                episode,
                resolved_at=event.at,
                resolution=Resolution(str(event.reason)),
                resolved_by=event.actor.id,
            )
        case _:
            return episode


def _human_replied(episode: Episode, at: datetime) -> Episode:
    asked_at = episode.human_asked_at
    if asked_at is None and episode.bot_messages == 0:
        asked_at = episode.opened_at
    return replace(
        episode,
        human_messages=episode.human_messages + 1,
        first_reply_at=episode.first_reply_at or at,
        first_human_reply_at=episode.first_human_reply_at or at,
        human_asked_at=asked_at,
        human_answered_at=episode.human_answered_at or (at if asked_at else None),
    )

"""What can be true of an episode: the words that metrics are defined in. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from supportbot.model.episode import Episode
from supportbot.model.ticket import Resolution

#: The customer's silence counts as a yes after this time; younger results are not final.
ASSUMED_AFTER = timedelta(hours=24)
#: A reopening later than this is a new matter.
REOPEN_WITHIN = timedelta(days=7)


def eligible(episode: Episode) -> bool:
    """Tell whether the bot was enabled when the episode began."""
    return episode.eligible


def involved(episode: Episode) -> bool:
    """Tell whether the bot, being enabled, answered, drafted or handed off."""
    return episode.eligible and episode.involved


def answered(episode: Episode) -> bool:
    """Tell whether an answer of the bot reached the customer."""
    return involved(episode) and episode.bot_messages > 0


def confirmed(episode: Episode) -> bool:
    """Tell whether the customer confirmed the bot's answer."""
    return involved(episode) and episode.resolution is Resolution.BOT_CONFIRMED


def assumed(episode: Episode) -> bool:
    """Tell whether the customer asked for nothing more after the bot's answer."""
    return involved(episode) and episode.resolution is Resolution.BOT_ASSUMED


def bot_resolved(episode: Episode) -> bool:
    """Tell whether the bot resolved it, confirmed or assumed."""
    return confirmed(episode) or assumed(episode)


def autonomous(episode: Episode) -> bool:
    """Tell whether the bot resolved it and no person wrote."""
    return bot_resolved(episode) and episode.human_messages == 0


def assisted(episode: Episode) -> bool:
    """Tell whether a person resolved it after the bot had answered."""
    return answered(episode) and episode.resolution is Resolution.HUMAN


def handed_off(episode: Episode) -> bool:
    """Tell whether the bot, being involved, gave it to a person."""
    return involved(episode) and episode.handoff_at is not None


def taken_over(episode: Episode) -> bool:
    """Tell whether a person took it from the bot before any handoff."""
    return involved(episode) and episode.takeover_at is not None


def reopened(episode: Episode) -> bool:
    """Tell whether a next episode followed soon after it was resolved."""
    return (
        episode.resolved_at is not None
        and episode.reopened_at is not None
        and episode.reopened_at - episode.resolved_at <= REOPEN_WITHIN
    )


def younger(moment: datetime | None, than: timedelta, as_of: datetime) -> bool:
    """Tell whether a moment is more recent than so long ago."""
    return moment is not None and as_of - moment < than

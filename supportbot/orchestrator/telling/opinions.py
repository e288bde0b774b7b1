"""What customers think of it: thumbs, the score of an episode, and what they say about either.

Everything given is kept; the last of each counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from supportbot.model.catalog import Mode
from supportbot.model.delivery import Audience, Delivery, DeliveryKind
from supportbot.model.inbound import ActionKind
from supportbot.model.message import NewMessage, Role
from supportbot.model.ticket import BOT, Actor, ActorKind, EventKind, Ticket
from supportbot.orchestrator.telling.notices import change_words
from supportbot.orchestrator.telling.saying import Manner, say
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import feedback, pressable, threads
from supportbot.store.feedback import NewScore, NewThumb
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork

SCORE_QUESTION = "How did we do? 1 is badly, 5 is very well."
#: Whoever gives no more than this is asked what could be better.
LOW_SCORE = 3
_HIGHEST_SCORE = 5


async def ask_score(wiring: Wiring, work: UnitOfWork, ticket: Ticket, actor: Actor) -> None:
    """Ask for a score where a person ended an episode in which the customer was answered.

    Not where the ticket is only taken for resolved, nor in modes in which nothing is said.
    """
    if ticket.channel not in wiring.scored or actor.kind is ActorKind.SYSTEM:
        return
    if ticket.product in wiring.policies and wiring.mode(ticket.product) in {Mode.OFF, Mode.SHADOW}:
        return
    episodes = await threads.episodes(work, ticket.id)
    if not episodes or not (episodes[-1].bot_messages or episodes[-1].human_messages):
        return
    data = {"notice": "score"}
    question = NewMessage(role=Role.ASSISTANT, author=BOT, text=SCORE_QUESTION, data=data)
    manner = Manner(DeliveryKind.NOTICE, offers=(ActionKind.SCORE,))
    await say(wiring, work, ticket, question, manner)
    await wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)


@dataclass(frozen=True, slots=True)
class Opinions:
    """What a customer gives on one ticket, in one transaction."""

    wiring: Wiring
    work: UnitOfWork
    ticket: Ticket
    customer: Actor
    #: What it was given for; None: it is not known any more.
    about: Delivery | None

    async def rate(self, rating: int, comment: str | None = None) -> None:
        """Keep a thumb (1 or -1) for an answer."""
        about = self.about
        is_answer = about is not None and about.kind is DeliveryKind.REPLY
        own = is_answer and about is not None and about.ticket_id == self.ticket.id
        message_id = about.message_id if own and about else None
        answer = await threads.message(self.work, message_id) if message_id else None
        thumb = NewThumb(
            rating=rating,
            customer_id=self.customer.id,
            message_id=message_id,
            comment=comment,
            episode_n=answer.episode_n if answer else None,
        )
        await feedback.add_thumb(self.work, self.ticket, thumb, self.wiring.clock())
        await self._happened(EventKind.FEEDBACK, {"rating": rating}, comment)

    async def score(self, score: int, comment: str | None = None) -> bool:
        """Keep a score (1 to 5) for the episode that it was asked for; False: none was."""
        episode_n = await self._episode()
        if episode_n is None:
            return False
        given = NewScore(episode_n, score, comment)
        await feedback.add_score(self.work, self.ticket, given, self.wiring.clock())
        await self._happened(EventKind.SCORED, {"score": score}, comment)
        said = f"You gave {score} of {_HIGHEST_SCORE}. Thank you."
        await self._show(f"{said} Your comment is kept." if comment else said)
        return True

    async def comment(self, text: str) -> bool:
        """Keep what is said about a thumb or a score that was given; False: none was."""
        if self.about is None or self.about.message_id is None:
            return False
        if self.about.kind is DeliveryKind.REPLY:
            rating = await feedback.last_thumb(
                self.work, self.ticket.id, self.about.message_id, self.customer.id
            )
            if rating is not None:
                await self.rate(rating, text)
            return rating is not None
        episode_n = await self._episode()
        given = None
        if episode_n is not None:
            given = await feedback.last_score(self.work, self.ticket.id, episode_n)
        return given is not None and await self.score(given, text)

    async def _episode(self) -> int | None:
        """Return the episode that the score was asked for; it may be over for long."""
        message_id = self.about.message_id if self.about else None
        asked = await threads.message(self.work, message_id) if message_id else None
        return asked.episode_n if asked and asked.data.get("notice") == "score" else None

    async def _show(self, said: str) -> None:
        """Let the question say what was given; it may be changed still."""
        about = self.about
        place = None if about is None else about.replaces.id if about.replaces else about.id
        text = f"{SCORE_QUESTION}\n\n{said}"
        for one in await pressable.of_ticket(self.work, self.ticket.id, Audience.CUSTOMER):
            if one.original.id == place and one.newest.text != text:
                offers = (ActionKind.SCORE, ActionKind.COMMENT)
                await change_words(self.wiring, self.work, one, text, offers)

    async def _happened(
        self, kind: EventKind, data: dict[str, object], comment: str | None
    ) -> None:
        told = {**data, "commented": True} if comment else data
        event = NewEvent(kind, self.customer, data=told)
        await threads.append_events(self.work, self.ticket, [event], self.wiring.clock())

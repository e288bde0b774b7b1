"""A turn: what a ticket is owed, as it was seen when the answer began."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from supportbot.completions.base import Completer
from supportbot.completions.prices import PriceTable
from supportbot.model.catalog import Mode
from supportbot.model.completion import Completion, Prompt, Usage
from supportbot.model.delivery import Delivery
from supportbot.model.file import SharedFile
from supportbot.model.message import VERIFIED, Message, Role, Visibility
from supportbot.model.policy import PublishedPolicy
from supportbot.model.question import Question
from supportbot.model.summary import Summary
from supportbot.model.ticket import ActorKind, Ticket
from supportbot.model.time import Clock
from supportbot.orchestrator.answering.budgets import Plan
from supportbot.store.answers import Purpose


class Moved(Exception):
    """The turn is over: somebody wrote again, or somebody else has the ticket."""


#: Why we stop listening to a model that was still speaking.
SUPERSEDED, DEADLINE = "superseded", "deadline"
GIVEN_UP = frozenset({SUPERSEDED, DEADLINE})
#: Of each file knowledge is asked with so much.
_ASKED_CHARS = 300


@dataclass(frozen=True, slots=True)
class Turn:
    """What is to be answered. It is over when the ticket's fence has moved."""

    ticket: Ticket
    thread: tuple[Message, ...]
    #: Newest customer message that the answer covers.
    upto_seq: int
    published: PublishedPolicy
    mode: Mode
    #: The live reply that claimed the turn, if there is one.
    live: Delivery | None = None
    #: What was said before, in short.
    summary: Summary | None = None
    #: How it is answered while a budget runs low.
    plan: Plan = field(default_factory=Plan)
    #: The files of the thread's messages, by the messages' numbers.
    files: Mapping[int, Sequence[SharedFile]] = field(default_factory=dict)

    @property
    def questions(self) -> list[Message]:
        """The customer messages that nobody answered yet, the oldest first."""
        asked = [m for m in self.thread if asks(m) and m.seq <= self.upto_seq]
        open_ones = [m for m in asked if m.seq > self.ticket.answered_seq]
        return open_ones or asked[-1:]

    @property
    def waiting_since(self) -> datetime | None:
        """When the oldest of them came."""
        return min((message.created_at for message in self.questions), default=None)

    def holds(self, now: Ticket) -> bool:
        """Tell whether the fence stands where it stood, and the customer's words too.

        A live reply has covered its turn already, and is finished whatever is said meanwhile.
        """
        seen = self.ticket
        if now.handler_epoch != seen.handler_epoch:
            return False
        unchanged = (now.answered_seq, now.revision) == (seen.answered_seq, seen.revision)
        return self.live is not None or unchanged

    def heard(self, upto_seq: int) -> tuple[Message, ...]:
        """Return the questions up to a message that are open, the newest first.

        Behind them stands what others said beside it: a model reads their words too. Where a live
        reply has covered them already, the thread tells what was open before.
        """
        covered = self._covered_before(upto_seq)
        said = [m for m in self.thread if asks(m) and m.seq <= upto_seq]
        open_ones = [m for m in said if m.seq > covered] or said[-1:]
        guests = [m for m in self.thread if m.author.kind is ActorKind.GUEST and m.seq > covered]
        return (*reversed(open_ones), *guests)

    def askers(self, upto_seq: int) -> tuple[int | None, ...]:
        """Return whose words these are, each once, the newest first."""
        return tuple(dict.fromkeys(message.author.id for message in self.heard(upto_seq)))

    @property
    def shown(self) -> tuple[Message, ...]:
        """The thread as whoever asks may read it.

        Where nobody can tell whether they are who they say, what was said to one who surely was
        stays untold.
        """
        covered = self._covered_before(self.upto_seq)
        if all(message.data.get(VERIFIED, True) is True for message in self.heard(self.upto_seq)):
            return self.thread
        known = [m.seq for m in self.thread if m.data.get(VERIFIED) is True and m.seq <= covered]
        return behind(self.thread, known[-1]) if known else self.thread

    @property
    def taken_back(self) -> bool:
        """Tell whether a live reply covers only questions that are gone by now."""
        covered = self._covered_before(self.upto_seq)
        mine = [m for m in self.thread if from_customer(m) and covered < m.seq <= self.upto_seq]
        return self.live is not None and bool(mine) and not any(map(asks, mine))

    def _covered_before(self, upto_seq: int) -> int:
        covered = self.ticket.answered_seq
        if covered >= upto_seq:
            reach = (_answered_upto(message) for message in self.thread)
            covered = max((seq for seq in reach if seq < upto_seq), default=0)
        return covered

    @property
    def question(self) -> Question:
        """Ask knowledge with the newest turn, and with all the customer said in this episode.

        Of files their beginnings count: that is where a report says what went wrong.
        """
        said = [self._words(m) for m in self.thread if asks(m) and m.seq <= self.upto_seq]
        return Question(
            last="\n".join(self._words(message) for message in self.questions),
            all="\n".join(said),
            collections=self.published.policy.collections,
        )

    def _words(self, message: Message) -> str:
        texts = (file.text or "" for file in self.files.get(message.seq, ()))
        return "\n".join((message.text, *(text[:_ASKED_CHARS] for text in texts if text)))

    @property
    def purpose(self) -> Purpose:
        """What its completions are recorded as."""
        return Purpose(self.published.version_id, self.upto_seq, degraded=self.plan.step)


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of a model: what it was given and what it gave."""

    prompt: Prompt
    completion: Completion


@dataclass(slots=True)
class Calls:
    """The calls of a turn that are not stored yet: answered, failed, and the one under way."""

    clock: Clock
    asked: list[Asked] = field(default_factory=list)
    _prompt: Prompt | None = None
    _began_at: datetime | None = None
    _heard: list[str] = field(default_factory=list)

    def begin(self, prompt: Prompt) -> None:
        """Note that a model is being asked."""
        self._prompt, self._began_at, self._heard = prompt, self.clock(), []

    @property
    def broke_off(self) -> bool:
        """True where the newest call had begun to speak when it failed."""
        return bool(self.asked) and bool(self.asked[-1].completion.text)

    def hear(self, text: str) -> str:
        """Note a piece of the answer; return all that was heard."""
        self._heard.append(text)
        if self._began_at is None:  # an attempt before it failed
            self._began_at = self.clock()
        return "".join(self._heard)

    def failed(self, completion: Completion) -> None:
        """Note a failed attempt; another may follow."""
        prompt = self._prompt
        if prompt is not None:
            self.asked.append(Asked(prompt, completion))
            self._began_at, self._heard = None, []

    def answered(self, completion: Completion) -> None:
        """Note the answer."""
        self.failed(completion)
        self._prompt = None

    def break_off(
        self, kind: str, completer: Completer, count: Callable[[str], int], prices: PriceTable
    ) -> None:
        """Note that the call under way was given up; what it cost is estimated."""
        prompt, now = self._prompt, self.clock()
        if prompt is None or (self._began_at is None and kind not in GIVEN_UP):
            return
        began_at = self._began_at or now
        tokens = sum(count(message.content) for message in prompt.messages)
        tokens += sum(image.tokens for message in prompt.messages for image in message.images)
        usage = Usage(prompt=tokens, output=count("".join(self._heard)), estimated=True)
        broken = Completion(
            model=completer.model,
            endpoint=completer.endpoint,
            text="",
            finish_reason=None,
            started_at=began_at,
            latency_ms=int((now - began_at).total_seconds() * 1000),
            usage=usage,
            error_kind=kind,
        )
        self.answered(prices.priced(broken))

    def take(self) -> list[Asked]:
        """Return them, and keep none: whoever takes them stores them."""
        taken, self.asked = self.asked, []
        return taken


def from_customer(message: Message) -> bool:
    """Tell whether a message of a thread came from a customer."""
    return message.author.kind is ActorKind.CUSTOMER and message.visibility is Visibility.PUBLIC


def asks(message: Message) -> bool:
    """Tell whether it asks something still: one that was taken back does not."""
    return from_customer(message) and not message.erased


def behind(thread: Sequence[Message], seq: int) -> tuple[Message, ...]:
    """Return what of a thread is about messages behind that number only."""
    kept, about = [], 0
    for message in thread:
        about = message.seq if from_customer(message) else about
        upto = message.data.get("upto")
        if (upto if isinstance(upto, int) else about) > seq:
            kept.append(message)
    return tuple(kept)


def _answered_upto(message: Message) -> int:
    """Say which customer message an answer of ours reaches; a notice answers nothing."""
    upto = message.data.get("upto")
    said = message.role is Role.ASSISTANT and message.visibility is Visibility.PUBLIC
    whole = said and not {"notice", "interrupted"} & {*message.data}
    return upto if whole and isinstance(upto, int) else 0

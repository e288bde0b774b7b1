"""A long support conversation, made up by rule: the same for everybody, of any length."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from supportbot.model.completion import Passage
from supportbot.model.message import Message, Role
from supportbot.model.ticket import BOT, Actor, ActorKind

_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_CUSTOMER = Actor(ActorKind.CUSTOMER, 1)

_TOPICS = (
    "the shop's checkout", "our mail server", "the DNS zone", "the nightly backup",
    "the TLS certificate", "the staging site", "the invoice of March", "the FTP login",
)  # fmt: skip
_SYMPTOMS = (
    "it shows error {n} about every third time, and only in the afternoon",
    "nothing has arrived since Tuesday, order 2026-{n} among it",
    "the page loads for {n} seconds and then says that the connection was reset",
    "my colleague in Lyon sees the old address 192.0.2.{n}, while I see the new one",
)
_DETAILS = (
    "I have tried another browser and cleared the cache, which changed nothing.",
    "We moved it from another provider two weeks ago, with your import tool.",
    "Our agency says that they did not touch anything on their side.",
    "It is urgent for us, as the spring sale begins on Monday morning.",
    "I attach what the log says: `2026-03-02T14:{n:02}:07Z upstream timed out (110)`.",
)
_STEPS = (
    "Open **Hosting → Domains** and choose the domain that is concerned.",
    "Under *Records*, compare the value with the one in your welcome mail.",
    "Save, wait for an hour, and load the page in a private window.",
    "If it still fails, send us the exact time, and the address that you tried from.",
    "The old value may be remembered by other servers for up to 24 hours.",
    "You don't have to restart anything; the change is taken over by itself.",
)


def question(turn: int) -> str:
    """What the customer writes in a turn: 50 to 80 words."""
    n = turn * 37 % 60
    said = [
        f"Thank you. Now about {_TOPICS[turn % 8]}: {_SYMPTOMS[turn % 4].format(n=n)}.",
        *(_DETAILS[(turn + i) % 5].format(n=n) for i in range(2 + turn % 2)),
        f"What should we do about {_TOPICS[turn % 8]}, and how long will it take?",
    ]
    return " ".join(said)


def reply(turn: int) -> str:
    """What is answered to it: 90 to 130 words."""
    steps = [_STEPS[(turn + i) % 6] for i in range(4 + turn % 2)]
    lines = [f"{number}. {step}" for number, step in enumerate(steps, 1)]
    return "\n".join(
        [
            f"I am sorry for the trouble with {_TOPICS[turn % 8]}. Please try this, in this order:",
            *lines,
            f"More of it is in [Guide {turn % 30}](https://help.example/g{turn % 30}).",
        ]
    )


def passages(turn: int) -> list[Passage]:
    """What was found for a turn: three passages of about 100 words."""
    found = []
    for rank in range(3):
        n = (turn * 7 + rank * 11) % 30
        text = " ".join(_STEPS[(n + i) % 6] for i in range(7))
        found.append(
            Passage(f"help/g{n}#0", f"Guide {n}", text, f"https://help.example/g{n}", "v1")
        )
    return found


def asked(turns: int) -> Iterator[list[Message]]:
    """Yield the thread as it stands when each turn is asked."""
    thread: list[Message] = []
    for turn in range(turns):
        thread.append(_message(len(thread) + 1, Role.USER, question(turn)))
        yield thread
        thread.append(_message(len(thread) + 1, Role.ASSISTANT, reply(turn)))


def _message(seq: int, role: Role, text: str) -> Message:
    asks = role is Role.USER
    data = {} if asks else {"upto": seq - 1}
    return Message(seq, 1, seq, 1, role, _CUSTOMER if asks else BOT, text, _AT, data=data)

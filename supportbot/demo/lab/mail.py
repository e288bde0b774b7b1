"""Mail on the lab page: what customers write, and conversations as their mailboxes have them."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException

from supportbot.channels.web import checks
from supportbot.channels.web.html import to_html
from supportbot.demo.cast import BY_MAIL, MAIL_PLACES
from supportbot.demo.lab.endpoints import Act, Body, Json, one_of
from supportbot.demo.ledger import Ledger
from supportbot.demo.mail_client import Conversation, Letter, NewLetter, address_of
from supportbot.demo.scene import Day

_OUT_OF_OFFICE = "I am away until Monday and will read your mail then."


class MailActs:
    """What a visitor does in a customer's mail program."""

    def __init__(self, day: Day) -> None:
        self._mail = day.stage.mail

    def acts(self) -> Mapping[str, Act]:
        """Return path → what is done."""
        return {"mail/messages": self._write}

    async def _write(self, body: Body) -> Json:
        """Write a mail, answer one, or let an out-of-office reply answer it (`automatic`)."""
        conversation = await self._conversation(body.get("conversation"))
        automatic = body.get("automatic") is True
        text = _OUT_OF_OFFICE if automatic else checks.text_of(body)
        if conversation is None:
            new = _first_letter(body, text)
        else:
            new = _next_letter(conversation, text, automatic=automatic)
        letter = await self._mail.write(new)
        return {"id": conversation.id if conversation else letter.id}

    async def _conversation(self, id_: object) -> Conversation | None:
        if id_ is None:
            return None
        for conversation in await self._mail.conversations():
            if conversation.id == id_:
                return conversation
        raise HTTPException(404, "There is no such conversation.")


async def conversations(day: Day) -> list[Json]:
    """Return all conversations, the newest first."""
    found = await day.stage.mail.conversations()
    return [await _shown(day.ledger, conversation) for conversation in found]


async def _shown(ledger: Ledger, conversation: Conversation) -> Json:
    first = conversation.letters[0]
    place = next(place for place in MAIL_PLACES if place.address == first.to)
    return {
        "id": conversation.id,
        "subject": first.subject,
        "product": place.product,
        "ticket": await ledger.ticket_of(f"email:{place.address}", f"mid:{first.id}"),
        "letters": [_shown_letter(letter) for letter in conversation.letters],
    }


def _shown_letter(letter: Letter) -> Json:
    return {
        "id": letter.id,
        "from": letter.sender,
        "to": letter.to,
        "at": letter.at.isoformat(),
        "text": letter.text,
        "html": None if letter.from_customer else to_html(letter.text),
        "mine": letter.from_customer,
        "automatic": letter.automatic,
    }


def _first_letter(body: Body, text: str) -> NewLetter:
    address = one_of(body, "to", [place.address for place in MAIL_PLACES])
    handle = one_of(body, "person", [person.handle for person in BY_MAIL])
    subject = " ".join(str(body.get("subject") or "").split())
    return NewLetter(
        person=next(person for person in BY_MAIL if person.handle == handle),
        place=next(place for place in MAIL_PLACES if place.address == address),
        subject=subject or "(no subject)",
        text=text,
    )


def _next_letter(conversation: Conversation, text: str, *, automatic: bool) -> NewLetter:
    """Answer the newest mail of the support team, or add to one's own."""
    first, newest = conversation.letters[0], _newest(conversation)
    writer = address_of(first.sender)
    prefix = "Out of office: " if automatic else "Re: "
    return NewLetter(
        person=next(person for person in BY_MAIL if person.email == writer),
        place=next(place for place in MAIL_PLACES if place.address == first.to),
        subject=f"{prefix}{first.subject}",
        text=text,
        parent=newest,
        automatic=automatic,
    )


def _newest(conversation: Conversation) -> Letter:
    answers = [letter for letter in conversation.letters if not letter.from_customer]
    return (answers or list(conversation.letters))[-1]

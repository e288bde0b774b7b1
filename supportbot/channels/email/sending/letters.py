"""Deliveries to letters: who writes, who gets it, and which signed names go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from supportbot.channels.email import identity
from supportbot.channels.email.identity import SignedAddresses
from supportbot.channels.email.meaning.threads import tagged
from supportbot.channels.email.reading.addresses import id_domain, on_the_wire
from supportbot.channels.email.sending.render import Letter, Writer
from supportbot.channels.email.sending.submission import Envelope, Refusal
from supportbot.model.delivery import Audience, Delivery, DeliveryKind, Receipt


@dataclass(frozen=True, slots=True)
class Letters:
    """Writes the letters of one mailbox."""

    address: str
    secret: bytes = field(repr=False)
    sender_name: str = ""
    #: None: answers and reports come back to the plain address.
    signed: SignedAddresses | None = None
    tag_subjects: bool = False

    def message_id(self, delivery: Delivery) -> str:
        """Return the same id for every attempt of a delivery."""
        return identity.message_id(delivery.key, id_domain(self.address), self.secret)

    def letter(self, delivery: Delivery, at: datetime) -> Letter:
        """Return what is to be written.

        Raises:
            ValueError: an address has no domain that exists.
        """
        target = delivery.target
        subject = delivery.subject or target.get("subject")
        to_customer = delivery.audience is Audience.CUSTOMER
        return Letter(
            sender=on_the_wire(target.get("from") or self.address),
            sender_name=self._name(delivery),
            to=on_the_wire(target["to"]),
            copies=tuple(target.get("cc", "").split()),
            subject=tagged(subject, delivery.ticket) if self.tag_subjects else subject,
            text=delivery.text,
            message_id=self.message_id(delivery),
            at=at,
            reply_to=self.signed.reply_to(delivery.ticket) if self.signed and to_customer else None,
            in_reply_to=target.get("in_reply_to") or None,
            references=tuple(target.get("references", "").split()),
            writer=_writer(delivery),
        )

    def envelope(self, delivery: Delivery, letter: Letter) -> Envelope:
        """Say where reports about the letter go.

        Answers have a return path that names them. Words about a ticket have none: they are what
        RFC 3834 calls responses, which nobody may answer, not even by a report.
        """
        own = on_the_wire(self.address)
        sender = own
        if self.signed is not None:
            notice = delivery.kind is not DeliveryKind.REPLY
            sender = "" if notice else on_the_wire(self.signed.return_path(delivery.key))
        return Envelope(sender, (letter.to, *letter.copies), own)

    def receipt(self, delivery: Delivery, refused: Sequence[Refusal] = ()) -> Receipt:
        """Say by which names an answer comes back, and who did not get it."""
        message_id = self.message_id(delivery)
        keys = (f"mid:{message_id}", *self._ticket_keys(delivery))
        data = {"refused": ", ".join(f"{one.address}: {one.said}" for one in refused)}
        return Receipt(message_id, thread_keys=keys, data=data if refused else {})

    def _ticket_keys(self, delivery: Delivery) -> tuple[str, ...]:
        named = self.signed is not None and delivery.audience is Audience.CUSTOMER
        return (identity.ticket_key(delivery.ticket),) if named else ()

    def _name(self, delivery: Delivery) -> str:
        if not delivery.signed or not self.sender_name:
            return delivery.signed or self.sender_name
        return f"{delivery.signed} ({self.sender_name})"


def _writer(delivery: Delivery) -> Writer:
    """Say who speaks: an answer that is bound to no fence was sent by a person."""
    if delivery.audience is not Audience.CUSTOMER:
        return Writer.SYSTEM
    if delivery.kind is not DeliveryKind.REPLY:
        return Writer.NOTICE
    return Writer.BOT if delivery.handler_epoch is not None else Writer.PERSON

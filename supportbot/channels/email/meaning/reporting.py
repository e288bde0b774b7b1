"""What a mail system's report says of mails of ours, and whether it proves to be about them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from supportbot.channels.email import identity
from supportbot.channels.email.meaning.bounce import ARRIVED, Recipient, recipients, told_in_prose
from supportbot.channels.email.reading.mail import Mail
from supportbot.model.delivery_report import DeliveryReport, Fate, Reported
from supportbot.model.inbound import DispositionKind

_REPORTS: Final = frozenset({DispositionKind.BOUNCE, DispositionKind.MDN})
_DELAYED: Final = re.compile(
    r"delay|warning|still being (?:retried|tried)|will (?:be retried|keep trying)"
    r"|verzöger|retard|retras|ritard|vertrag|opóźni|задерж",
    re.IGNORECASE,
)
_MOST_DIAGNOSTIC_CHARS: Final = 1_000


def report_of(
    mail: Mail, kind: DispositionKind, returned_to: Sequence[str], secret: bytes
) -> DeliveryReport | None:
    """Read a report; None where the mail is none, or names no recipient.

    `returned_to` are the Message-IDs of the deliveries whose signed return paths it was sent to.
    Recipients that only its prose names count where it proves to be about a delivery of ours.
    """
    if kind not in _REPORTS:
        return None
    named = [*mail.returned.message_ids, *mail.in_reply_to, *reversed(mail.references)]
    about = next(iter([*returned_to, *_ours(named, secret)]), "")
    found = recipients(mail)
    if not found and about and kind is DispositionKind.BOUNCE:
        found = told_in_prose(mail)
    reported = tuple(_reported(one, mail) for one in found)
    return DeliveryReport(reported, about) if reported else None


def _ours(names: Sequence[str], secret: bytes) -> list[str]:
    return [name.lower() for name in names if identity.is_ours(name, secret)]


def _reported(one: Recipient, mail: Mail) -> Reported:
    addresses = tuple(dict.fromkeys(name for name in (one.address, one.original) if name))
    said = one.diagnostic[:_MOST_DIAGNOSTIC_CHARS]
    fate = _fate(one, mail)
    return Reported(addresses, fate, one.status, one.permanent and fate is Fate.FAILED, said)


def _fate(one: Recipient, mail: Mail) -> Fate:
    if one.action in ARRIVED:
        return Fate.ARRIVED
    told = bool(mail.returned.groups)
    if one.action == "delayed" or (not told and _DELAYED.search(mail.subject or "")):
        return Fate.DELAYED
    return Fate.FAILED

"""What users of other help desks reported, each by its number: reading, and whom not to answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from supportbot.channels.email.identity import LOOP_HEADER, message_id
from supportbot.channels.email.meaning.addressees import Home
from supportbot.channels.email.meaning.newest import newest_words
from supportbot.channels.email.meaning.understand import Mailbox, understand
from supportbot.channels.email.reading.mail import Limits
from supportbot.channels.email.reading.parse import parse_mail
from supportbot.model.inbound import CustomerMessage, DispositionKind, Inbound

SECRET = b"k" * 32
HOME = Home("email:help@bot.example", "shop")
MAILBOX = Mailbox(
    address="help@bot.example",
    home=HOME,
    homes={"help@bot.example": HOME, "hi@bot.example": HOME},
    secret=SECRET,
    limits=Limits(),
)
OURS = message_id("delivery-1", "bot.example", SECRET)
ANN = "From: Ann <ann@cust.example>"


def heard(*headers: str, body: str = "Hello.", **meta: str) -> CustomerMessage:
    raw = ("\n".join(headers) + f"\n\n{body}").encode()
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    return understand(Inbound("email:help@bot.example", ("k",), raw, meta, at), MAILBOX)


@dataclass(frozen=True, slots=True)
class Silence:
    """A mail that must not be answered, what it is, and a rule that says so."""

    headers: tuple[str, ...]
    kind: DispositionKind
    rule: str
    mail_from: str | None = None


_AWAY = "Automatic reply: Your order"
_REPORT = 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"'

SILENCES = {
    "osTicket#1041 an out-of-office answers our answer": Silence(
        (ANN, f"Subject: {_AWAY}", "Auto-Submitted: auto-replied", f"In-Reply-To: {OURS}"),
        DispositionKind.AUTO_REPLY,
        "auto_submitted",
    ),
    "odoo#66329 an out-of-office of Exchange": Silence(
        (ANN, f"Subject: {_AWAY}", "X-Auto-Response-Suppress: All"),
        DispositionKind.AUTO_REPLY,
        "auto_subject_confirmed",
    ),
    "freescout#634 an out-of-office with a vendor's header only": Silence(
        (ANN, "X-Autoreply: yes"), DispositionKind.AUTO_REPLY, "auto_header"
    ),
    "freescout#688 an out-of-office that its subject alone tells": Silence(
        (ANN, "Subject: Abwesenheitsnotiz: Bestellung"), DispositionKind.HUMAN, "auto_subject"
    ),
    "faveo-helpdesk#150 a mailer daemon": Silence(
        ("From: MAILER-DAEMON@mx.example", "Subject: Returned mail"),
        DispositionKind.BOUNCE,
        "daemon_sender",
    ),
    "freescout#3670 a sender that nobody reads": Silence(
        ("From: Shop <no-reply@shop.example>",), DispositionKind.HUMAN, "no_reply_sender"
    ),
    "chatwoot#5131 a sender that nobody reads, in one word": Silence(
        ("From: noreply@shop.example",), DispositionKind.HUMAN, "no_reply_sender"
    ),
    "freescout#4250 a report of failure": Silence(
        (ANN, _REPORT), DispositionKind.BOUNCE, "delivery_report"
    ),
    "PostHog#92017 our own automatic answer comes back": Silence(
        ("From: Ann <ann@cust.example>", f"{LOOP_HEADER}: {OURS}"),
        DispositionKind.OWN,
        "signed_by_us",
    ),
    "frappe/helpdesk#3628 nothing but X-Auto-Generated": Silence(
        (ANN, "X-Auto-Generated: 1"), DispositionKind.AUTO_REPLY, "auto_header"
    ),
    "alga-psa#2772 an out-of-office to a resolved ticket": Silence(
        (ANN, "Precedence: auto_reply", f"References: {OURS}"),
        DispositionKind.AUTO_REPLY,
        "auto_header",
    ),
    "wayland#547 the bot's own inbox": Silence(
        ("From: help@bot.example", "To: help@bot.example"), DispositionKind.OWN, "own_address"
    ),
    "zammad#986 a reply from an alias with a plus": Silence(
        ("From: Hi+42@Bot.example",), DispositionKind.OWN, "own_address"
    ),
    "freescout#2977 the folder of what we sent": Silence(
        ("From: Support <desk@bot.example>", f"Message-ID: {OURS}"),
        DispositionKind.OWN,
        "signed_by_us",
    ),
    "odoo PR#78597 a newsletter": Silence(
        (ANN, "List-Unsubscribe: <https://x.example>"), DispositionKind.LIST, "list_header"
    ),
    "Zammad own_notification_loop_detection an empty envelope sender": Silence(
        (ANN,), DispositionKind.AUTO_REPLY, "null_return_path", mail_from=""
    ),
}


@pytest.mark.parametrize("report", SILENCES)
def test_mail_of_a_report_is_not_answered(report: str) -> None:
    case = SILENCES[report]
    meta = {} if case.mail_from is None else {"mail_from": case.mail_from}
    disposition = heard(*case.headers, **meta).disposition
    assert not disposition.reply_allowed
    assert disposition.kind is case.kind
    assert case.rule in disposition.reasons


ANSWERED = {
    "bileto#815 a person whose program asks for no automatic answers to others": (
        ANN,
        "X-Auto-Response-Suppress: None",
    ),
    "FreeScout any value of Auto-Submitted": (ANN, "Auto-Submitted: no"),
    "Discourse the word list anywhere in Precedence": (ANN, "Precedence: special-listed"),
}


@pytest.mark.parametrize("report", ANSWERED)
def test_person_of_a_report_is_answered(report: str) -> None:
    assert heard(*ANSWERED[report]).disposition.reply_allowed


def test_bileto_815_who_asks_for_no_automatic_answer_is_still_a_person() -> None:
    disposition = heard(ANN, "X-Auto-Response-Suppress: All").disposition
    assert disposition.kind is DispositionKind.HUMAN
    assert disposition.reasons == ("suppress_requested",)


def test_zammad_1299_answer_goes_to_reply_to() -> None:
    message = heard(ANN, "Reply-To: desk@cust.example")
    assert message.target["to"] == "desk@cust.example"
    assert message.sender.external_id == "ann@cust.example"


@pytest.mark.parametrize("subject", ["Fwd: Invoice", "WG: Rechnung", "TR : Facture", "RV: Factura"])
def test_zammad_4965_and_5287_a_forward_keeps_the_mail_in_it(subject: str) -> None:
    body = "See below.\n\nFrom: Bob <b@x.example>\nSent: Monday 10:00\nTo: Ann\nSubject: x\n\nHi"
    assert heard(ANN, f"Subject: {subject}", body=body).text == body


def test_ponymail_foal_233_brackets_in_a_message_id() -> None:
    assert parse_mail(b"Message-ID: <[ab]@[x]>\n\nx").message_id == "<[ab]@[x]>"


@pytest.mark.parametrize(
    "wrapped",
    [
        "On Mon, Feb 1, 2016 at 6:32 PM Bob\n<bob@x.example> wrote:",
        "On Mon, Feb 1, 2016 at 6:32 PM Bob <\nbob@x.example> wrote:",
        "On Mon, Feb 1, 2016 at\n6:32 PM Bob <bob@x.example>\nwrote:",
        "Le lun. 1 févr. 2016 à 18:32, Bob <bob@x.example> a\nécrit :",
    ],
)
def test_attribution_that_is_wrapped_is_cut(wrapped: str) -> None:
    assert newest_words(f"Yes.\n\n{wrapped}\n\n> Really?\n") == "Yes."

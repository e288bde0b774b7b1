"""Reports of mail systems: what they tell, and what proves that it is about a mail of ours."""

from __future__ import annotations

import pytest

from supportbot.channels.email.identity import message_id
from supportbot.channels.email.meaning.reporting import report_of
from supportbot.channels.email.reading.mail import Mail
from supportbot.channels.email.reading.parse import parse_mail
from supportbot.model.delivery_report import DeliveryReport, Fate
from supportbot.model.inbound import DispositionKind

SECRET = b"k" * 32
OURS = message_id("t-1", "bot.example", SECRET)
FORGED = message_id("t-1", "bot.example", b"x" * 32)
ADA = "ada@cust.example"


def dsn(*groups: str, returned: str = OURS, head: str = "") -> Mail:
    status = "\n\n".join(["Reporting-MTA: dns; mx.example", *groups])
    return parse_mail(
        (
            f"{head}From: MAILER-DAEMON@mx.example\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
            "--b\nContent-Type: text/plain\n\nSorry.\n"
            f"--b\nContent-Type: message/delivery-status\n\n{status}\n"
            f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {returned}\n--b--\n"
        ).encode()
    )


def group(action: str, status: str, *more: str) -> str:
    lines = [f"Final-Recipient: rfc822; {ADA}", f"Action: {action}", f"Status: {status}"]
    return "\n".join([*lines, *more])


def told(
    mail: Mail, *returned_to: str, kind: DispositionKind = DispositionKind.BOUNCE
) -> DeliveryReport:
    found = report_of(mail, kind, returned_to, SECRET)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("action", "status", "fate", "permanent"),
    [
        ("failed", "5.1.1", Fate.FAILED, True),
        ("failed", "5.2.2", Fate.FAILED, False),
        ("failed", "4.4.7", Fate.FAILED, False),
        ("delayed", "4.4.1", Fate.DELAYED, False),
        ("delivered", "2.0.0", Fate.ARRIVED, False),
        ("relayed", "2.0.0", Fate.ARRIVED, False),
        ("expanded", "2.0.0", Fate.ARRIVED, False),
    ],
)
def test_each_recipient_has_a_fate(
    action: str, status: str, fate: Fate, *, permanent: bool
) -> None:
    (one,) = told(dsn(group(action, status))).recipients
    assert (one.fate, one.status, one.permanent) == (fate, status, permanent)
    assert one.addresses == (ADA,)


def test_the_address_that_was_written_to_counts_beside_where_it_was_passed_on_to() -> None:
    passed_on = group("failed", "5.1.1", "Original-Recipient: rfc822; Desk@Cust.example")
    (one,) = told(dsn(passed_on)).recipients
    assert one.addresses == (ADA, "desk@cust.example")


def test_what_the_server_said_is_kept() -> None:
    said = group("failed", "5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 nobody here")
    (one,) = told(dsn(said)).recipients
    assert one.diagnostic == "smtp; 550 5.1.1 nobody here"


def test_the_id_of_the_returned_mail_proves_it() -> None:
    assert told(dsn(group("failed", "5.1.1"))).about == OURS
    assert told(dsn(group("failed", "5.1.1"), returned=OURS.upper())).about == OURS


def test_a_forged_or_foreign_id_proves_nothing() -> None:
    for returned in (FORGED, "<1@cust.example>", OURS.replace("sb.", "sb.0")):
        assert told(dsn(group("failed", "5.1.1"), returned=returned)).about == ""


def test_our_own_header_proves_it_where_the_mail_was_given_another_id() -> None:
    renamed = f"<010f@ses.example>\nX-Supportbot-Loop: {OURS}"
    assert told(dsn(group("failed", "5.1.1"), returned=renamed)).about == OURS
    forged = f"<010f@ses.example>\nX-Supportbot-Loop: {FORGED}"
    assert told(dsn(group("failed", "5.1.1"), returned=forged)).about == ""


def test_what_it_answers_proves_it_where_nothing_is_returned() -> None:
    head = f"In-Reply-To: {OURS}\n"
    assert told(dsn(group("failed", "5.1.1"), returned="<1@x>", head=head)).about == OURS


def test_the_signed_return_path_comes_first() -> None:
    other = message_id("t-2", "bot.example", SECRET)
    assert told(dsn(group("failed", "5.1.1")), other).about == other


def test_a_report_without_a_status_part_is_read_from_its_header_or_its_prose() -> None:
    prose = (
        "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n{}\n"
        "I could not deliver it.\n\n<Ada@Cust.example>:\n550 5.1.1 no such user here\n"
    )
    (one,) = told(parse_mail(prose.format("").encode()), OURS).recipients
    assert (one.addresses, one.fate, one.permanent) == ((ADA,), Fate.FAILED, True)
    assert one.status == "5.1.1"
    named = parse_mail(prose.format(f"X-Failed-Recipients: {ADA}\n").encode())
    (one,) = told(named).recipients
    assert (one.addresses, one.fate) == ((ADA,), Fate.FAILED)


def test_prose_that_proves_nothing_names_nobody() -> None:
    raw = f"From: mailer-daemon@x.example\nSubject: failure notice\n\n<{ADA}>: no such user\n"
    assert report_of(parse_mail(raw.encode()), DispositionKind.BOUNCE, (), SECRET) is None


def test_a_warning_in_prose_is_a_delay() -> None:
    raw = f"From: mailer-daemon@x.example\nSubject: Warning: not sent yet\n\n<{ADA}>: waiting\n"
    (one,) = told(parse_mail(raw.encode()), OURS).recipients
    assert one.fate is Fate.DELAYED


def test_prose_without_end_names_a_few_and_takes_no_time() -> None:
    raw = "From: mailer-daemon@x.example\n\n" + "".join(
        f"<a{n}@x.example>: no\n" for n in range(9999)
    )
    assert len(told(parse_mail(raw.encode()), OURS).recipients) == 50
    for text in ("a" * 200_000, "a@" * 100_000, "a." * 100_000, "@a-" * 50_000):
        mail = parse_mail(f"From: mailer-daemon@x.example\n\n{text}".encode())
        assert report_of(mail, DispositionKind.BOUNCE, (OURS,), SECRET) is None


def test_other_machine_mail_reports_nothing() -> None:
    for kind in (DispositionKind.AUTO_REPLY, DispositionKind.FEEDBACK, DispositionKind.HUMAN):
        assert report_of(dsn(group("failed", "5.1.1")), kind, (OURS,), SECRET) is None

from __future__ import annotations

import pytest

from supportbot.channels.email.meaning.bounce import Recipient, recipients
from supportbot.channels.email.reading.parse import parse_mail

ADDRESS = "a@b.example"


def bounced(*groups: str, text: str = "Sorry.") -> tuple[Recipient, ...]:
    status = "\n\n".join(["Reporting-MTA: dns; mx.example", *groups])
    raw = (
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain\n\n{text}\n"
        f"--b\nContent-Type: message/delivery-status\n\n{status}\n--b--\n"
    )
    return recipients(parse_mail(raw.encode()))


def group(status: str = "5.0.0", code: str = "", action: str = "failed") -> str:
    lines = [f"Final-Recipient: rfc822; {ADDRESS}", f"Action: {action}", f"Status: {status}"]
    return "\n".join([*lines, f"Diagnostic-Code: {code}"] if code else lines)


@pytest.mark.parametrize(
    ("given", "status", "permanent"),
    [
        (group("5.1.1"), "5.1.1", True),
        (group("5.1.1 (no such user)"), "5.1.1", True),
        (group("5.0.0", "smtp; 550 5.1.1 unknown"), "5.1.1", True),
        (group("5.0.0", "smtp; 550-5.7.1 spam"), "5.7.1", False),
        (group("5.0.0", "smtp; 550 #5.2.2 full"), "5.2.2", False),
        (group("5.0.0", "smtp; 550 User unknown"), "5.0.0", True),
        (group("5.0.0", "smtp; 550 user unknown, temporarily locked"), "5.0.0", False),
        (group("5.4.4"), "5.4.4", True),
        (group("4.4.7", action="delayed"), "4.4.7", False),
        (group("5.1.1", action="delayed"), "5.1.1", False),
        (group("5.7.1", "smtp; 550 mail from 1.2.3.4 refused"), "5.7.1", False),
    ],
)
def test_status_is_what_the_refusing_server_spoke(
    given: str, status: str, *, permanent: bool
) -> None:
    (one,) = bounced(given)
    assert (one.address, one.status, one.permanent) == (ADDRESS, status, permanent)


def test_vague_status_is_looked_up_in_the_prose_about_this_recipient() -> None:
    text = "other@b.example: 550 5.7.1 no\na@b.example: 550 5.2.2 mailbox full"
    (one,) = bounced(group("5.0.0"), text=text)
    assert one.status == "5.2.2"


def test_every_recipient_is_listed_once() -> None:
    other = group("5.2.2").replace(ADDRESS, "c@d.example")
    found = bounced(group("5.1.1"), other, group("5.1.1"))
    assert [one.address for one in found] == [ADDRESS, "c@d.example"]


def test_original_recipient_stands_in() -> None:
    (one,) = bounced("Original-Recipient: <a@b.example>\nAction: failed\nStatus: 5.1.1")
    assert one.address == ADDRESS


def test_failed_recipients_header_is_what_is_left_without_a_report() -> None:
    raw = b"X-Failed-Recipients: a@b.example, c@d.example\n\na@b.example: 550 5.1.1 unknown\n"
    first, second = recipients(parse_mail(raw))
    assert (first.address, first.status, first.permanent) == (ADDRESS, "5.1.1", True)
    assert (second.address, second.status, second.action) == ("c@d.example", "", "failed")


def test_ordinary_mail_has_no_recipients_of_a_report() -> None:
    assert recipients(parse_mail(b"Subject: x\n\na@b.example: 550 5.1.1\n")) == ()


def test_line_that_is_no_field_goes_on_with_the_one_above() -> None:
    broken = (
        f"Diagnostic-Code: smtp; 550-please read\n550 5.7.1 our rules\nStatus: 5.0.0\n"
        f"Action: failed\nFinal-Recipient: rfc822; {ADDRESS}"
    )
    (one,) = bounced(broken)
    assert (one.address, one.status) == (ADDRESS, "5.7.1")


def test_report_whose_parts_cannot_be_told_apart_is_read_from_its_text() -> None:
    raw = (
        "Content-Type: multipart/report; report-type=delivery-status; boundary=lost\n\n"
        f"Sorry.\n\nReporting-MTA: dns; x\n\n{group('5.1.1')}\n\n"
        "Action: delayed\nFinal-Recipient: rfc822; c@d.example\nStatus: 4.2.2\n"
    )
    found = recipients(parse_mail(raw.encode()))
    assert [(one.address, one.status) for one in found] == [
        (ADDRESS, "5.1.1"),
        ("c@d.example", "4.2.2"),
    ]


def test_status_stands_in_the_paragraph_below_a_recipient() -> None:
    prose = (
        f"It failed:\n\n  {ADDRESS}\n    SMTP error from remote mail server:\n"
        "    host mx.b.example: 550 5.1.1 no such user\n\n  c@d.example\n    552 5.2.2 full\n"
    )
    raw = f"X-Failed-Recipients: {ADDRESS}, c@d.example\n\n{prose}"
    found = recipients(parse_mail(raw.encode()))
    assert [one.status for one in found] == ["5.1.1", "5.2.2"]


@pytest.mark.parametrize(("codes", "status"), [("5.7.1", "5.7.1"), ("5.7.1 and 5.1.1", "")])
def test_only_code_of_the_prose_is_that_of_the_only_recipient(codes: str, status: str) -> None:
    raw = f"X-Failed-Recipients: {ADDRESS}\n\nThe server said: 550 {codes}\n"
    (one,) = recipients(parse_mail(raw.encode()))
    assert one.status == status

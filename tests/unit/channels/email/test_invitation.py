"""Invitations as one readable line, and the parts of a mail that nobody can open."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportbot.channels.email.meaning.said import said_now
from supportbot.channels.email.reading.invitation import invitation
from supportbot.channels.email.reading.parse import parse_mail

EVENT = """BEGIN:VCALENDAR
METHOD:{method}
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19701025T030000
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
SUMMARY:Talk about\\, well\\;
  the order
DTSTART;TZID=Europe/Berlin:20260302T100000
DTEND;TZID=Europe/Berlin:20260302T110000
LOCATION:Room 1
ORGANIZER;CN="Ann: Support":mailto:ann@x.example
ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:MAILTO:bob@y.example
BEGIN:VALARM
SUMMARY:wake up
END:VALARM
END:VEVENT
END:VCALENDAR
"""
WHAT = "Talk about, well; the order, 2026-03-02 10:00 to 11:00 Europe/Berlin, at Room 1"


@pytest.mark.parametrize(
    ("method", "line"),
    [
        ("REQUEST", f"Invitation: {WHAT}, from Ann: Support <ann@x.example>"),
        ("CANCEL", f"Cancelled invitation: {WHAT}, from Ann: Support <ann@x.example>"),
        ("REPLY", f"Answer to an invitation: {WHAT}, accepted by Bob <bob@y.example>"),
        ("X-OTHER", f"Invitation: {WHAT}, from Ann: Support <ann@x.example>"),
    ],
)
def test_event_is_told_by_what_when_where_and_who(method: str, line: str) -> None:
    assert invitation(EVENT.format(method=method)) == line
    assert invitation(EVENT.format(method=method).replace("\n", "\r\n")) == line


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ("SUMMARY:Day\nDTSTART;VALUE=DATE:20260302", "Invitation: Day, 2026-03-02"),
        ("DTSTART:20260302T100000Z", "Invitation: without a title, 2026-03-02 10:00 UTC"),
        (
            "SUMMARY:Night\nDTSTART:20260302T230000\nDTEND:20260303T010000",
            "Invitation: Night, 2026-03-02 23:00 to 2026-03-03 01:00",
        ),
        ("SUMMARY:Odd\nDTSTART:soon", "Invitation: Odd"),
    ],
)
def test_event_without_some_fields_is_told_by_the_others(fields: str, line: str) -> None:
    assert invitation(f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{fields}\nEND:VEVENT") == line


@pytest.mark.parametrize("text", ["", "BEGIN:VCALENDAR", "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:x"])
def test_calendar_without_an_event_is_no_invitation(text: str) -> None:
    assert invitation(text) is None


@given(st.text(max_size=300))
def test_any_text_is_no_error(text: str) -> None:
    invitation(text)
    invitation(f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{text}")


@pytest.mark.parametrize(
    "unit", ["BEGIN:VEVENT\n", "SUMMARY:x\n", "\n ", "A;" * 9, 'A;B="', "BEGIN:X\n", "\\", ":"]
)
def test_hostile_calendar_takes_linear_time(unit: str, grows_linearly: Callable[..., None]) -> None:
    grows_linearly(lambda n: invitation("BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + unit * n), 5_000)


def _mail(*parts: str, kind: str = "mixed") -> bytes:
    body = "".join(f"--b\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="b"\n\n{body}--b--\n'.encode()


def test_invitation_stands_below_the_words_and_is_a_file() -> None:
    calendar = f"Content-Type: text/calendar; method=REQUEST\n\n{EVENT.format(method='REQUEST')}"
    again = calendar.replace("text/calendar", 'application/octet-stream; name="invite.ics"')
    mail = parse_mail(_mail("Content-Type: text/plain\n\nCan you come?", calendar, again))
    assert said_now(mail).startswith("Can you come?\n\n[Invitation: Talk about")
    assert len(mail.notes) == 1
    assert [file.filename for file in mail.files] == ["invite.ics", "invite.ics"]


def test_invitation_below_an_answer_spoils_no_quote() -> None:
    words = "Content-Type: text/plain\n\nYes.\n\nOn 1 Feb 2016 at 18:32, B <b@x.y> wrote:\n> When?"
    calendar = f"Content-Type: text/calendar\n\n{EVENT.format(method='REQUEST')}"
    said = said_now(parse_mail(_mail(words, calendar, kind="alternative")))
    assert said.startswith("Yes.\n\n[Invitation: ")


@pytest.mark.parametrize("name", ['; name="winmail.dat"', ""])
def test_attachments_in_a_format_of_outlook_are_named_as_closed(name: str) -> None:
    tnef = f"Content-Type: application/ms-tnef{name}\n\n\x78x"
    mail = parse_mail(_mail("Content-Type: text/plain\n\nSee attached.", tnef))
    assert [file.filename for file in mail.files] == ["winmail.dat"]
    assert said_now(mail) == (
        "See attached.\n\n[winmail.dat: attachments in a format of Outlook, "
        "which cannot be opened here]"
    )

"""An invitation (RFC 5545, RFC 5546) to one readable line: what, when, where, who."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

_MAX_CHARS: Final = 200_000
_MAX_VALUE_CHARS: Final = 200
_FOLDED: Final = re.compile(r"\r?\n[ \t]")
_LINE: Final = re.compile(r"([A-Za-z\-]{1,40})((?:;[^:\";]{0,200}(?:\"[^\"\n]{0,200}\")?)*):(.*)")
_MOMENT: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d{0,2}(Z?))?")
_ESCAPED: Final = re.compile(r"\\([nN,;\\])")
#: What the organiser or a guest does with it.
_METHODS: Final = {
    "REQUEST": "Invitation",
    "PUBLISH": "Event",
    "CANCEL": "Cancelled invitation",
    "REPLY": "Answer to an invitation",
    "COUNTER": "Other time proposed",
    "DECLINECOUNTER": "Other time declined",
}
_ANSWERS: Final = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "perhaps"}


@dataclass(frozen=True, slots=True)
class _Field:
    value: str
    facts: Mapping[str, str] = field(default_factory=dict)


def invitation(calendar: str) -> str | None:
    """Describe the first event of a calendar; None if there is none. Linear, never raises."""
    found: dict[str, _Field] = {}
    for name, given in _first_event(calendar[:_MAX_CHARS]):
        found.setdefault(name, given)
    if "BEGIN" not in found:
        return None
    method = found.get("METHOD", _Field("REQUEST")).value.upper()
    said = [f"{_METHODS.get(method, 'Invitation')}: {_text(found, 'SUMMARY') or 'without a title'}"]
    said += [part for part in (_when(found), _where(found), _who(found, method)) if part]
    return ", ".join(said)


def _first_event(calendar: str) -> Iterator[tuple[str, _Field]]:
    """Give the fields of the calendar itself and of its first event, without its alarms."""
    inside: list[str] = []
    for line in _FOLDED.sub("", calendar).splitlines():
        found = _LINE.match(line)
        if not found:
            continue
        name, value = found[1].upper(), found[3].strip()
        kind = value.upper()
        if name == "BEGIN":
            inside.append(kind)
            if kind == "VEVENT":
                yield "BEGIN", _Field(kind)
        elif name == "END":
            if kind == "VEVENT":
                return
            inside = inside[:-1]
        elif inside in (["VCALENDAR"], ["VCALENDAR", "VEVENT"]):
            yield name, _Field(value[:_MAX_VALUE_CHARS], _facts(found[2]))


def _facts(parameters: str) -> Mapping[str, str]:
    pairs = (part.partition("=") for part in parameters.split(";"))
    return {name.upper(): value.strip('"') for name, equals, value in pairs if equals}


def _text(found: Mapping[str, _Field], name: str) -> str:
    value = found[name].value if name in found else ""
    return " ".join(_ESCAPED.sub(lambda mark: " " if mark[1] in "nN" else mark[1], value).split())


def _when(found: Mapping[str, _Field]) -> str:
    start, end = _moment(found.get("DTSTART")), _moment(found.get("DTEND"))
    if not start:
        return ""
    zone = found["DTSTART"].facts.get("TZID", "")
    zone = "UTC" if found["DTSTART"].value.endswith("Z") else zone
    day = start.partition(" ")[0]
    until = f" to {end.removeprefix(day).strip()}" if end and " " in start else ""
    return f"{start}{until} {zone}".strip()


def _moment(given: _Field | None) -> str:
    found = _MOMENT.match(given.value) if given else None
    if not found:
        return ""
    day = f"{found[1]}-{found[2]}-{found[3]}"
    return f"{day} {found[4]}:{found[5]}" if found[4] else day


def _where(found: Mapping[str, _Field]) -> str:
    place = _text(found, "LOCATION")
    return f"at {place}" if place else ""


def _who(found: Mapping[str, _Field], method: str) -> str:
    guest = method in {"REPLY", "COUNTER"}
    given = found.get("ATTENDEE" if guest else "ORGANIZER")
    if given is None:
        return ""
    address = re.sub(r"^mailto:", "", given.value, flags=re.IGNORECASE)
    name = " ".join(given.facts.get("CN", "").split())
    person = f"{name} <{address}>" if name and name != address else address
    answer = _ANSWERS.get(given.facts.get("PARTSTAT", "").upper(), "")
    return f"{answer} by {person}" if guest and answer else f"from {person}"

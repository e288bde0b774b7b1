"""The kinds of value a setting may have beyond plain ones; each refuses with the cure."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints

from supportbot.channels.email.arriving.folders import is_set_aside


def _split_url(value: str, schemes: tuple[str, ...]) -> SplitResult:
    url = urlsplit(value)
    if url.scheme not in schemes or not url.hostname:
        raise ValueError(f"write it as {' or '.join(f'{scheme}://host' for scheme in schemes)}")
    if url.password is not None:
        raise ValueError("a password does not belong here; name its variable in password_env")
    _ = url.port  # raises ValueError on a port that is no number
    return url


def _http(value: str) -> str:
    _split_url(value, ("http", "https"))
    return value


def _imap(value: str) -> str:
    if not _split_url(value, ("imaps", "imap")).username:
        raise ValueError("name the account: imaps://user@host:993 (an @ inside is written %40)")
    return value


def _smtp(value: str) -> str:
    _split_url(value, ("smtps", "smtp"))
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (OSError, ZoneInfoNotFoundError) as error:  # OSError: a folder such as "Europe"
        raise ValueError("use an IANA name such as Europe/Berlin") from error
    return value


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for network in value:
        try:
            ip_network(network)
        except ValueError as error:
            raise ValueError(f"{network!r} is no network such as 192.0.2.0/24") from error
    return value


def _folder(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("write the folder's name as the mail program shows it")
    if is_set_aside(value):
        raise ValueError(f"leave {value} out; junk, sent mail, drafts and trash are never read")
    return value


def _matching(pattern: str, advice: str) -> AfterValidator:
    whole = re.compile(pattern)

    def check(value: str) -> str:
        if not whole.fullmatch(value):
            raise ValueError(advice)
        return value

    return AfterValidator(check)


HttpUrl = Annotated[str, AfterValidator(_http)]
ImapUrl = Annotated[str, AfterValidator(_imap)]
SmtpUrl = Annotated[str, AfterValidator(_smtp)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
Port = Annotated[int, Field(ge=0, le=65535)]
#: Spans of time end after a year, those of what is kept after ten: a clock can still add them up.
Seconds = Annotated[float, Field(le=366 * 86_400, allow_inf_nan=False)]
Minutes = Annotated[float, Field(le=366 * 1440, allow_inf_nan=False)]
Hours = Annotated[float, Field(le=366 * 24, allow_inf_nan=False)]
Days = Annotated[float, Field(le=366, allow_inf_nan=False)]
DaysKept = Annotated[float, Field(le=3660, allow_inf_nan=False)]
Percent = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]
#: Counted in billionths, it stays within what a column holds.
Dollars = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
DollarsPerMillion = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
#: No model takes more in one request.
Tokens = Annotated[int, Field(le=100_000_000)]
TokensPerDay = Annotated[int, Field(ge=0, le=1_000_000_000_000)]
Product = Annotated[
    str,
    _matching(
        r"[a-z0-9][a-z0-9_-]{0,62}",
        "a product is named like its file: policies/products/hosting.md is hosting",
    ),
]
MailAddress = Annotated[
    str,
    StringConstraints(to_lower=True, max_length=254),
    _matching(r"[^@\s<>,]+@[^@\s<>,]+", "write a bare address: help@example.com"),
]
ReplyAddress = Annotated[
    str,
    StringConstraints(to_lower=True, max_length=200),
    _matching(
        r"plus|none|\*@[^@\s<>,*]+",
        "write plus, none, or *@reply.example.com for a domain of which all mail ends here",
    ),
]
AuthservId = Annotated[
    str,
    StringConstraints(to_lower=True, max_length=253),
    _matching(
        r"[A-Za-z0-9._-]+",
        "write what stands first in your server's Authentication-Results, such as mx.example.com; "
        "for Microsoft 365, which writes none, microsoft-365",
    ),
]
SlackPeople = Annotated[
    str,
    _matching(
        r"[UWS][A-Z0-9]+",
        "use the id of a person, such as U0123ABC, or of a user group, such as S0123ABC",
    ),
]
SlackGroup = Annotated[
    str, _matching(r"S[A-Z0-9]+", "use the id of a user group, such as S0123ABC; handles change")
]
SlackChannel = Annotated[
    str, _matching(r"[CG][A-Z0-9]+", "use the id of a channel, such as C0123ABC; names change")
]
SlackTeam = Annotated[
    str,
    _matching(
        r"[TE][A-Z0-9]+", "use the id of a workspace or an organisation, such as T0123ABC or E0123"
    ),
]
MailFolder = Annotated[str, StringConstraints(max_length=255), AfterValidator(_folder)]
MailPeers = Annotated[tuple[str, ...], AfterValidator(_networks)]
VariableName = Annotated[
    str,
    _matching(
        r"[A-Za-z_][A-Za-z0-9_]*", "write the name of a variable, such as HELP_MAIL_PASSWORD"
    ),
]

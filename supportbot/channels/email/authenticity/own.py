"""Our own look at DKIM, SPF and DMARC, for mail that its senders hand to us directly.

Runs in worker threads, before the mail is stored; what it found is written as a receiving server
would write it, so that `judge` reads both alike. Whatever a sender or their name server does costs
them the sign of being verified, and nothing else.

The evaluation of DMARC is our own: that of the package authheaders takes `bank.com-evil.com` for
`bank.com`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import dkim  # type: ignore[import-untyped]  # ships no types
import spf  # type: ignore[import-untyped]  # ships no types
import structlog

from supportbot.channels.email.authenticity.alignment import (
    domain_of,
    organisation,
    owned_by_one,
    plain_domain,
)
from supportbot.channels.email.authenticity.checks import Envelope
from supportbot.channels.email.authenticity.judge import OWN_ID, contradiction
from supportbot.channels.email.authenticity.names import Lookup, NamesUnavailable
from supportbot.channels.email.reading.parse import body_of, parse_mail

log = structlog.get_logger(__name__)

_SECONDS: Final = 5.0
_LOOKUP_SECONDS: Final = 2.0
_AT_ONCE: Final = 8
_SIGNATURE: Final = b"dkim-signature"
_MAX_SIGNATURES: Final = 5
_MAX_SIGNATURE_BYTES: Final = 8_192
_MAX_CHECKED: Final = 2
#: Beyond these dkimpy would hold the interpreter for long. Lines of mail have at most 998
#: characters, and what makes it large has no spaces.
_MAX_BYTES: Final = 8_000_000
_MAX_LINE_BYTES: Final = 4_096
_MAX_SPACES: Final = 1_000_000
_MAX_VOID_LOOKUPS: Final = 2
_DOMAIN: Final = re.compile(r"[a-z0-9_.\-]{1,253}")
#: What the two packages raise on input that makes no sense.
_SENSELESS: Final = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RecursionError,
)


class OwnCheck:
    """Checks mail, a few at a time."""

    def __init__(self, lookup: Lookup, seconds: float = _SECONDS) -> None:
        """`seconds` is what one check may take in all, waiting for its turn included."""
        self._lookup = lookup
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="authenticity")

    async def __call__(self, envelope: Envelope) -> str:
        """Return what there is to say of a mail, as an Authentication-Results header of ours.

        Never raises; a check that takes too long is a temporary error.
        """
        loop, deadline = asyncio.get_running_loop(), monotonic() + self._seconds
        look = _Look(envelope, self._lookup, deadline)
        work = loop.run_in_executor(self._threads, look.written)
        try:
            async with asyncio.timeout(self._seconds):
                return await work
        except TimeoutError:
            log.warning("authenticity_check_timed_out", peer=envelope.peer)
            return _header(["dmarc=temperror"])


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at one mail."""

    envelope: Envelope
    lookup: Lookup
    deadline: float

    def written(self) -> str:
        """Look, and write down what was found."""
        raw = self.envelope.raw
        head = raw[: len(raw) - len(body_of(raw))]
        mail = parse_mail(head)
        if contradiction(mail) is not None:
            return _header([])
        author = plain_domain(mail.authors[0].domain)
        if not _DOMAIN.fullmatch(author):
            return _header([])
        results = [*self._signatures(author), *self._sender()]
        return _header([self._policy(author, results), *map(str, results)])

    def ask(self, name: str, kind: str) -> Sequence[bytes]:
        """Ask DNS, within what is left of the time.

        Raises:
            NamesUnavailable: there is no answer, or no time.
        """
        left = self.deadline - monotonic()
        if left <= 0:
            raise NamesUnavailable(f"{kind} of {name}: no time is left")
        return self.lookup(name, kind, min(left, _LOOKUP_SECONDS))

    def _signatures(self, author: str) -> Iterator[_Result]:
        """Check the signatures of the author's organisation; others vouch for nothing here."""
        if _takes_long(self.envelope.raw):
            yield _Result("dkim", "temperror")
            return
        try:
            signed = dkim.DKIM(self.envelope.raw, minkey=1024)
        except (dkim.DKIMException, *_SENSELESS):
            return
        sizes = [len(value) for name, value in signed.headers if name.lower() == _SIGNATURE]
        checked = 0
        for index, size in enumerate(sizes[:_MAX_SIGNATURES]):
            if size > _MAX_SIGNATURE_BYTES or checked == _MAX_CHECKED:
                continue
            try:
                domain = _signer(signed, index)
                if not owned_by_one(domain, author):
                    continue
                checked += 1
                holds = signed.verify(index, dnsfunc=self._key)
            except NamesUnavailable:
                yield _Result("dkim", "temperror")
            except (dkim.DKIMException, *_SENSELESS):
                continue
            else:
                if holds:
                    yield _Result("dkim", "pass", "header.d", domain)

    def _key(self, name: bytes, timeout: float = 0) -> bytes | None:  # noqa: ARG002 - dkimpy gives it
        found = self.ask(name.decode("ascii", "replace"), "TXT")
        return next((text for text in found if b"p=" in text), None)

    def _sender(self) -> Iterator[_Result]:
        sender = self.envelope.mail_from
        domain = domain_of(sender) if "@" in sender else ""
        if not _DOMAIN.fullmatch(domain):
            return
        try:
            result, *_ = _SpfQuery(self, self.envelope).check()
        except (spf.PermError, *_SENSELESS):
            return
        if result in {"pass", "temperror"}:
            yield _Result("spf", result, "smtp.mailfrom", domain)

    def _policy(self, author: str, results: Sequence[_Result]) -> str:
        """Do what the owner of the author's domain asks of receivers (RFC 7489)."""
        try:
            asked = self._asked_of(author)
        except NamesUnavailable:
            return "dmarc=temperror"
        if asked is None:
            return "dmarc=none"
        modes = {"dkim": asked.get("adkim", "r"), "spf": asked.get("aspf", "r")}
        passed = any(one.aligned(author, strictly=modes[one.method] == "s") for one in results)
        unsure = any(one.value == "temperror" for one in results)
        found = "pass" if passed else "temperror" if unsure else "fail"
        return f"dmarc={found} header.from={author}"

    def _asked_of(self, author: str) -> Mapping[str, str] | None:
        for domain in dict.fromkeys((author, organisation(author))):
            texts = self.ask(f"_dmarc.{domain}", "TXT") if domain else ()
            policies = [_tags(text) for text in texts if text.lower().startswith(b"v=dmarc1")]
            if len(policies) == 1:
                return policies[0]
        return None


@dataclass(frozen=True, slots=True)
class _Result:
    method: str
    value: str
    named_by: str = ""
    domain: str = ""

    def aligned(self, author: str, *, strictly: bool) -> bool:
        """Tell whether it passed, for the author's domain."""
        if self.value != "pass":
            return False
        return self.domain == author if strictly else owned_by_one(self.domain, author)

    def __str__(self) -> str:
        found = f"{self.method}={self.value}"
        return f"{found} {self.named_by}={self.domain}" if self.domain else found


class _SpfQuery(spf.query):  # type: ignore[misc]  # ships no types
    """An evaluation of SPF that asks DNS the way we do."""

    def __init__(self, look: _Look, envelope: Envelope) -> None:
        super().__init__(envelope.peer, envelope.mail_from, envelope.helo or "unknown")
        self._look = look

    def dns(
        self,
        name: str,
        qtype: str,
        cnames: object = None,  # noqa: ARG002 - resolvers follow them
        ignore_void: bool = False,  # noqa: FBT001, FBT002 - pyspf's parameter
    ) -> list[Any]:
        """Return records in the form that pyspf gives to itself."""
        try:
            records = self._look.ask(str(name), qtype)
        except NamesUnavailable as error:
            raise spf.TempError("DNS is unavailable") from error
        if not records and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > _MAX_VOID_LOOKUPS:
                raise spf.PermError("too many lookups found nothing")
        return [_for_spf(qtype, record) for record in records]


def _for_spf(kind: str, record: bytes) -> object:
    if kind == "TXT":
        return (record,)
    text = record.decode("ascii", "replace")
    if kind == "MX":
        preference, _, host = text.partition(" ")
        return int(preference), host.rstrip(".")
    return text.rstrip(".")


def _tags(text: bytes) -> Mapping[str, str]:
    pairs = (tag.partition("=") for tag in text.decode("ascii", "replace").lower().split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _signer(signed: dkim.DKIM, index: int) -> str:
    """Return who signed; empty where a signature counts for nothing, whatever it covers."""
    signed.verify_headerprep(index)
    fields = signed.signature_fields
    # With `l=` anybody could have written the end of the mail; SHA-1 is broken.
    if b"l" in fields or fields[b"a"] != b"rsa-sha256":
        return ""
    domain = plain_domain(fields[b"d"].decode("ascii", "replace"))
    return domain if _DOMAIN.fullmatch(domain) else ""


def _header(results: Sequence[str]) -> str:
    return "; ".join([OWN_ID, *results])


def _takes_long(raw: bytes) -> bool:
    if len(raw) > _MAX_BYTES or raw.count(b" ") + raw.count(b"\t") > _MAX_SPACES:
        return True
    return any(len(line) > _MAX_LINE_BYTES for line in raw.split(b"\n"))

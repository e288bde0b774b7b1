"""Questions to DNS, each within its time; for worker threads, because they wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import dns.exception
import dns.name
import dns.rdata
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

#: Name, kind of record (`TXT`, `A`, `AAAA`, `MX`, `PTR`) and seconds to what stands there, in the
#: form of a zone file, a TXT record as its joined bytes. Empty where there is nothing of the kind.
#: Raises NamesUnavailable.
Lookup = Callable[[str, str, float], Sequence[bytes]]

_CACHED: Final = 4_000


class NamesUnavailable(OSError):
    """DNS did not answer in time, or answered that it cannot tell."""


class Resolver:
    """Asks the name servers of this machine, and remembers what they say as long as they allow."""

    def __init__(self, servers: Sequence[str] = (), port: int = 53) -> None:
        """Name servers other than the machine's may be given."""
        self._servers, self._port = tuple(servers), port
        self._resolver: dns.resolver.Resolver | None = None

    def __call__(self, name: str, kind: str, seconds: float) -> Sequence[bytes]:
        """See `Lookup`."""
        try:
            asked = dns.name.from_text(name)
        except dns.exception.DNSException:
            return ()  # nothing can stand at such a name
        try:
            answer = self._asked().resolve(
                asked, kind, lifetime=seconds, search=False, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            return ()
        except dns.exception.DNSException as error:
            raise NamesUnavailable(f"{kind} of {name}: {type(error).__name__}") from error
        return [_written(record) for record in answer.rrset or ()]

    def _asked(self) -> dns.resolver.Resolver:
        if self._resolver is None:
            resolver = dns.resolver.Resolver(configure=not self._servers)
            if self._servers:
                resolver.nameservers, resolver.port = list(self._servers), self._port
            resolver.cache = dns.resolver.LRUCache(_CACHED)
            self._resolver = resolver
        return self._resolver


def _written(record: dns.rdata.Rdata) -> bytes:
    if isinstance(record, TXT):
        return b"".join(record.strings)
    return record.to_text().encode()

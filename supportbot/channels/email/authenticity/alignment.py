"""Whether two mail domains are of one owner, by the list of public suffixes that is built in."""

from __future__ import annotations

from functools import cache
from typing import Final

from publicsuffixlist import PublicSuffixList

_MAX_CHARS: Final = 253


def plain_domain(domain: str) -> str:
    """Write a domain as DNS knows it: lower case, ASCII, no dot at the end; empty if it is none."""
    name = domain.strip().rstrip(".").lower()
    if not name or len(name) > _MAX_CHARS:
        return ""
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name if name.isascii() and all(name.split(".")) else ""


def domain_of(address: str) -> str:
    """Return the domain of an address, or of what is a domain already."""
    return plain_domain(address.rpartition("@")[2])


def owned_by_one(one: str, other: str) -> bool:
    """Tell whether two domains lie below one registered name (DMARC's relaxed alignment)."""
    first, second = organisation(one), organisation(other)
    return bool(first) and first == second


def organisation(domain: str) -> str:
    """Return the registered name that a domain lies below: `b.co.uk` of `a.b.co.uk`.

    A public suffix has none: nobody's mail comes from `co.uk` itself.
    """
    name = plain_domain(domain)
    return (_suffixes().privatesuffix(name) or "") if name else ""


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()

"""What a mail domain tells of who stands behind an address."""

from __future__ import annotations

from typing import Final

#: Companies behind these domains are not the customer's company.
FREEMAIL: Final = frozenset({
    "aol.com", "fastmail.com", "free.fr", "gmail.com", "gmx.at", "gmx.ch", "gmx.de", "gmx.net",
    "googlemail.com", "hotmail.com", "hotmail.de", "hotmail.fr", "icloud.com", "laposte.net",
    "libero.it", "live.com", "mac.com", "mail.com", "mail.ru", "me.com", "msn.com", "naver.com",
    "orange.fr", "outlook.com", "outlook.de", "pm.me", "posteo.de", "proton.me",
    "protonmail.com", "qq.com", "t-online.de", "tutanota.com", "wanadoo.fr", "web.de", "wp.pl",
    "yahoo.co.jp", "yahoo.co.uk", "yahoo.com", "yahoo.de", "yahoo.fr", "yandex.ru", "ymail.com",
    "zoho.com", "126.com", "163.com", "freenet.de", "seznam.cz",
})  # fmt: skip
#: Below a country's domain these are shared: `shop.co.uk` and `bank.co.uk` are strangers.
_SHARED: Final = frozenset({
    "ac", "co", "com", "edu", "gen", "go", "gob", "gouv", "gov", "gv", "info", "ltd", "me", "mil",
    "ne", "net", "nom", "or", "org", "plc", "sch", "web",
})  # fmt: skip
_COUNTRY_CHARS: Final = 2


def organisation(domain: str) -> str:
    """Return the domain that its owner registered, as far as its form tells."""
    labels = domain.lower().strip(".").split(".")
    shared = len(labels[-1]) == _COUNTRY_CHARS and len(labels) > 1 and labels[-2] in _SHARED
    return ".".join(labels[-3 if shared else -2 :])


def same_house(one: str, other: str) -> bool:
    """Tell whether the owners of two domains are one; never of those that anybody may use."""
    house = organisation(one)
    return "." in house and house not in FREEMAIL and house == organisation(other)

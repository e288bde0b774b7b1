"""What a mail domain tells of who stands behind an address."""

from __future__ import annotations

from typing import Final

from supportbot.channels.email.authenticity.alignment import organisation, owned_by_one

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


def same_house(one: str, other: str) -> bool:
    """Tell whether the owners of two domains are one; never of those that anybody may use."""
    return owned_by_one(one, other) and organisation(one) not in FREEMAIL

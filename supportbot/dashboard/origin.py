"""Whether a request that changes something comes from one of our own pages (CSRF)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping


def from_own_page(headers: Mapping[str, str]) -> bool:
    """Judge by Sec-Fetch-Site, else by Origin (Fetch Standard; header names in lower case).

    A client that sends neither is no browser that a stranger's page could steer; where there is a
    session, its token is asked as well.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == headers.get("host")


def token_matches(expected: str, given: str) -> bool:
    """Compare a form's token with the session's, in constant time."""
    return hmac.compare_digest(expected.encode(), given.encode())


def safe_next(path: str | None) -> str:
    """Return where to go after signing in: a path of ours, else the inbox."""
    # Browsers take a second slash or a backslash for the start of a host and drop controls.
    ours = path is not None and path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if path and ours and path.isprintable() else "/inbox"

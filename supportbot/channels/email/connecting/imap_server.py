"""Where a mailbox is read, and how it is signed in to: password or access token, over TLS."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from supportbot.errors import SettingsError

_IMAPS_PORT: Final = 993
_IMAP_PORT: Final = 143


@dataclass(frozen=True, slots=True)
class ImapServer:
    """Where a mailbox is read, and which of its folders."""

    host: str
    port: int
    #: From the first byte; else STARTTLS is required, but on this very machine.
    tls: bool
    username: str
    folders: tuple[str, ...] = ("INBOX",)
    #: What signs in is an access token (OAuth 2), no password.
    by_token: bool = False
    timeout_seconds: float = 30.0


def imap_server(
    url: str,
    folders: tuple[str, ...] = (),
    *,
    by_token: bool = False,
    timeout_seconds: float = 30.0,
) -> ImapServer:
    """Read `imaps://user@host:993/Folder`, or `imap://` for STARTTLS and this machine.

    Raises:
        SettingsError: another scheme, no host or no user.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"imap", "imaps"} or not parts.hostname or not parts.username:
        raise SettingsError(f"imap url {url!r} should look like imaps://user@host:993")
    tls = parts.scheme == "imaps"
    return ImapServer(
        host=parts.hostname,
        port=parts.port or (_IMAPS_PORT if tls else _IMAP_PORT),
        tls=tls,
        username=unquote(parts.username),
        folders=folders or (unquote(parts.path.strip("/")) or "INBOX",),
        by_token=by_token,
        timeout_seconds=timeout_seconds,
    )


def sign_in(client: Any, server: ImapServer, secret: str) -> None:
    """Sign in over a fresh connection; blocking, and raises what the library raises.

    A secret leaves only over TLS or to this very machine.
    """
    if not server.tls and not _is_loopback(server.host):
        client.starttls(ssl.create_default_context())
    if not server.by_token:
        client.login(server.username, secret)
        return
    # Google takes both; Microsoft knows only the older one.
    if client.has_capability("AUTH=OAUTHBEARER") and not client.has_capability("AUTH=XOAUTH2"):
        begin = f"n,a={server.username.replace('=', '=3D').replace(',', '=2C')},"
        words = f"{begin}\1host={server.host}\1port={server.port}\1auth=Bearer {secret}\1\1"
        client.sasl_login("OAUTHBEARER", _Bearer(words, b"\1"))
        return
    words = f"user={server.username}\1auth=Bearer {secret}\1\1"
    client.sasl_login("XOAUTH2", _Bearer(words, b""))


class _Bearer:
    """Answers the server's challenges: the first with the token, a refusal with what ends it."""

    def __init__(self, words: str, end: bytes) -> None:
        self._answers = [words.encode()]
        self._end = end

    def __call__(self, _challenge: bytes) -> bytes:
        return self._answers.pop() if self._answers else self._end


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

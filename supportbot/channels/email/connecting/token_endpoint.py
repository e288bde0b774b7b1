"""The server that gives access tokens: one exchange of a refresh token (RFC 6749, 5 and 6)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from supportbot.channels.vault import Tokens
from supportbot.errors import ChannelError

GOOGLE_URL: Final = "https://oauth2.googleapis.com/token"
MICROSOFT_URL: Final = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
#: Without `offline_access` Microsoft gives no refresh token to go on with.
MICROSOFT_SCOPE: Final = (
    "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send "
    "offline_access"
)
_TIMEOUT_SECONDS: Final = 20.0
#: A token lives so long where nothing is said.
_USUAL_SECONDS: Final = 3600
_MAX_SAID_CHARS: Final = 200
#: What no later attempt mends (RFC 6749 5.2, and what Microsoft adds).
_FOR_GOOD: Final = frozenset({
    "invalid_grant", "invalid_client", "invalid_request", "invalid_scope", "unauthorized_client",
    "unsupported_grant_type", "consent_required", "interaction_required", "access_denied",
})  # fmt: skip


class GrantRefused(ChannelError):
    """Access was taken back or has expired; somebody has to grant it again."""


class TokenUnavailable(ChannelError):
    """The server that gives tokens cannot be reached, or asks to come again."""

    permanent = False


@dataclass(frozen=True, slots=True)
class OAuthGrant:
    """Who we are for the server that gives tokens, and what was granted."""

    token_url: str
    client_id: str
    refresh_token: str = field(repr=False)
    #: Public clients have none.
    client_secret: str | None = field(default=None, repr=False)
    scope: str = ""
    #: The variable with the refresh token, for the cure.
    variable: str = "its variable"

    @property
    def origin(self) -> str:
        """Name the refresh token without telling it."""
        return hashlib.sha256(self.refresh_token.encode()).hexdigest()


async def exchange(grant: OAuthGrant, refresh_token: str) -> tuple[Tokens, int]:
    """Buy an access token; returns it with the refresh token to go on with, and its seconds.

    Raises:
        GrantRefused: the grant is over, or we are not known there.
        TokenUnavailable: no answer, or none that says so.
    """
    wanted = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": grant.client_id,
        "client_secret": grant.client_secret or "",
        "scope": grant.scope,
    }
    try:
        async with httpx2.AsyncClient(timeout=_TIMEOUT_SECONDS) as client:
            response = await client.post(
                grant.token_url,
                data={key: value for key, value in wanted.items() if value},
                headers={"Accept": "application/json"},
            )
        answer = response.json()
    except (httpx2.HTTPError, ValueError) as error:
        raise TokenUnavailable(
            f"{grant.token_url}: no answer that can be read ({type(error).__name__})"
        ) from error
    if not response.is_success or not isinstance(answer, dict) or not answer.get("access_token"):
        raise _refusal(grant, response.status_code, answer if isinstance(answer, dict) else {})
    tokens = Tokens(str(answer["access_token"]), str(answer.get("refresh_token") or refresh_token))
    return tokens, _seconds(answer.get("expires_in"))


def _refusal(grant: OAuthGrant, status: int, answer: dict[str, Any]) -> ChannelError:
    code = str(answer.get("error") or f"status {status}")[:_MAX_SAID_CHARS]
    # The description may have many lines; Microsoft's first one has the number to look up.
    about = next(iter(str(answer.get("error_description") or "").splitlines()), "")
    said = f"{code}: {about[:_MAX_SAID_CHARS]}" if about else code
    if code not in _FOR_GOOD:
        return TokenUnavailable(f"{grant.token_url} gives no access now: {said}")
    return GrantRefused(
        f"{grant.token_url} refuses access: {said}; grant it again and put the new refresh token "
        f"into {grant.variable} (docs/how-to/mail-oauth.md)"
    )


def _seconds(value: object) -> int:
    """Read `expires_in`, which some servers write as text."""
    try:
        return max(0, int(str(value)))
    except ValueError:
        return _USUAL_SECONDS

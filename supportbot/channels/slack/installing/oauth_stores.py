"""What Bolt's OAuth flow keeps: installations in our store, and states that are signed.

The SDK's own stores bring an engine of their own, keep tokens in clear and have no claim for
exchanging them; these fulfil the same interfaces as far as the flow calls them.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from itsdangerous import BadSignature, Signer
from slack_bolt.error import BoltError
from slack_sdk.oauth.installation_store import Installation as Installed
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore

from supportbot.channels.slack.installing.register import Register
from supportbot.channels.slack.logs import vendor_logger
from supportbot.channels.vault import Tokens
from supportbot.model.installation import Grant
from supportbot.store import installations

_log = structlog.get_logger(__name__)

#: What the SDK's installation has no field of its own for.
URL = "url"
STATE_LIVES = timedelta(minutes=10)


class InstallationStore(AsyncInstallationStore):
    """Saves what a workspace granted; everything else is asked of `InstalledWorkspaces`."""

    def __init__(self, register: Register, changed: Callable[[str], None]) -> None:
        """Take the register, and who is told the owner of each new grant."""
        self._register = register
        self._changed = changed

    @property
    def logger(self) -> logging.Logger:
        """The logger of Slack's libraries."""
        return vendor_logger()

    async def async_save(self, installation: Installed) -> None:
        """Store the grant, in place of an earlier one of the same owner.

        Raises:
            BoltError: Slack's answer lacks something that a bot needs.
            StoreUnavailable: it is not stored.
        """
        grant = self._grant(installation)
        async with self._register.db.writing() as work:
            await installations.save(work, self._register.channel, grant)
        self._changed(grant.owner)
        _log.info("slack_app_installed", owner=grant.owner)

    def _grant(self, granted: Installed) -> Grant:
        owner = granted.enterprise_id if granted.is_enterprise_install else granted.team_id
        name = granted.enterprise_name if granted.is_enterprise_install else granted.team_name
        if not (owner and granted.bot_token and granted.bot_user_id and granted.bot_id):
            raise BoltError("Slack's answer names no bot: the app's manifest needs a bot user")
        ends = granted.bot_token_expires_at
        tokens = Tokens(granted.bot_token, granted.bot_refresh_token)
        return Grant(
            owner=owner,
            name=name or owner,
            url=str(granted.get_custom_value(URL) or ""),
            app_id=granted.app_id or "",
            bot_user=granted.bot_user_id,
            bot_id=granted.bot_id,
            scopes=tuple(granted.bot_scopes or ()),
            sealed=self._register.seal(owner, tokens),
            installed_by=granted.user_id or "",
            installed_at=self._register.clock(),
            expires_at=datetime.fromtimestamp(ends, UTC) if ends is not None else None,
        )


class StateStore(AsyncOAuthStateStore):
    """Issues signed states without storing anything, and takes each back once.

    Whoever opens the install page costs no row; a state that came back does.
    """

    def __init__(self, register: Register, secret: str) -> None:
        self._register = register
        self._signer = Signer(secret, salt="supportbot.slack.oauth-state")

    @property
    def logger(self) -> logging.Logger:
        """The logger of Slack's libraries."""
        return vendor_logger()

    async def async_issue(self, *_args: object, **_more: object) -> str:
        """Make a state that is good for `STATE_LIVES`."""
        ends = int((self._register.clock() + STATE_LIVES).timestamp())
        return self._signer.sign(f"{ends}-{secrets.token_urlsafe(24)}").decode()

    async def async_consume(self, state: str) -> bool:
        """Take a state back; False: not ours, too old, or taken back before.

        Raises:
            StoreUnavailable: it cannot be known.
        """
        try:
            ends = int(self._signer.unsign(state).partition(b"-")[0])
        except BadSignature:
            return False
        expires_at, now = datetime.fromtimestamp(ends, UTC), self._register.clock()
        if now >= expires_at:
            return False
        sha256 = hashlib.sha256(state.encode()).hexdigest()
        async with self._register.db.writing() as work:
            return await installations.use_state(work, sha256, now, expires_at)

"""What many workspaces need in the place of one bot token."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.routing import Route

from supportbot.channels.slack.config import SlackConfig, SlackOAuth
from supportbot.channels.slack.installing.oauth import InstallParts, install_routes
from supportbot.channels.slack.installing.oauth_stores import InstallationStore, StateStore
from supportbot.channels.slack.installing.register import Register
from supportbot.channels.slack.installing.rotation import Rotation
from supportbot.channels.slack.installing.workspaces import InstalledWorkspaces
from supportbot.channels.slack.web import WebSession
from supportbot.channels.vault import Vault
from supportbot.model.time import Clock
from supportbot.store.database import Database


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where installations are kept, and what signs the way to them."""

    db: Database
    clock: Clock
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Installed:
    """The workspaces that installed the app, and the pages where more do."""

    workspaces: InstalledWorkspaces
    rotation: Rotation
    routes: tuple[Route, ...]


def installed(
    config: SlackConfig, oauth: SlackOAuth, session: WebSession, keeping: Keeping
) -> Installed:
    """Put the parts together for the channel `slack:<name>`.

    Raises:
        SettingsError: the keys for tokens are missing or malformed.
    """
    register = Register(keeping.db, config.key, keeping.clock, Vault(oauth.token_keys))
    rotation = Rotation(register, session, oauth.app)
    workspaces = InstalledWorkspaces(register, rotation)
    parts = InstallParts(
        oauth=oauth,
        api_url=config.api_url,
        session=session,
        installed=InstallationStore(register, workspaces.forget),
        states=StateStore(register, keeping.secret),
    )
    return Installed(workspaces, rotation, install_routes(parts))

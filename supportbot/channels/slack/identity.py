"""Who we are in a workspace: asked once at the start, or known from its installation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient


@dataclass(frozen=True, slots=True)
class Identity:
    """The workspace and our bot in it."""

    team: str
    bot_user: str
    bot_id: str
    #: The organisation, where it installed the app for all of its workspaces.
    enterprise: str = ""
    #: Address of the workspace, for links to what is said in it; empty: unknown.
    url: str = ""
    #: Further bots of ours in a channel that companies share; see `shared`.
    aliases: tuple[str, ...] = ()

    def meta(self) -> Mapping[str, str]:
        """Return it as stored beside each inbound, so that parsing stays pure."""
        known = {"team": self.team, "bot_user": self.bot_user, "bot_id": self.bot_id}
        also = {
            "enterprise": self.enterprise,
            "url": self.url,
            "aliases": " ".join(self.aliases),
        }
        return known | {name: value for name, value in also.items() if value}

    @property
    def owner(self) -> str:
        """Whose installation we are: the organisation's, else the workspace's."""
        return self.enterprise or self.team

    @property
    def is_known(self) -> bool:
        """False: the app is not installed there, so there is no bot of ours."""
        return bool(self.bot_user)

    def target(self) -> Mapping[str, str]:
        """Return what tells a delivery which workspace it goes to."""
        return {"team": self.team} | ({"enterprise": self.enterprise} if self.enterprise else {})

    @classmethod
    def from_meta(cls, meta: Mapping[str, str]) -> Identity:
        """Read what `meta` wrote."""
        return cls(
            meta["team"],
            meta["bot_user"],
            meta["bot_id"],
            meta.get("enterprise", ""),
            meta.get("url", ""),
            tuple(meta.get("aliases", "").split()),
        )

    def link(self, channel: str, ts: str) -> str | None:
        """Return the address of a message, as `chat.getPermalink` gives it."""
        if not self.url:
            return None
        return f"{self.url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"


def owner_of(target: Mapping[str, str]) -> str:
    """Return whose installation a delivery goes out by, as its target tells."""
    return target.get("enterprise") or target.get("team") or ""


async def identify(client: AsyncWebClient) -> Identity:
    """Ask Slack who the token belongs to (https://docs.slack.dev/reference/methods/auth.test).

    Raises:
        SlackApiError: the token is refused, or Slack is in trouble.
    """
    answer = await client.auth_test()
    return Identity(
        team=str(answer["team_id"]),
        bot_user=str(answer["user_id"]),
        bot_id=str(answer["bot_id"] or ""),
        url=str(answer.get("url") or ""),
    )

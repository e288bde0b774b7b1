"""What a Slack channel needs to know, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from supportbot.errors import SettingsError

DEFAULT_API_URL = "https://slack.com/api/"


class Transport(StrEnum):
    """How events reach us."""

    SOCKET = "socket"
    HTTP = "http"


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """How the bot behaves in one Slack channel, or in a direct message."""

    #: Key of the product it stands for, None where nothing is said.
    product: str | None = None
    #: True: every new message opens a ticket; False: only one that mentions the bot does.
    listens_to_all: bool = False
    #: User groups whose members may open tickets; empty: everybody may.
    groups: frozenset[str] = frozenset()
    #: Whether messages of other bots may open tickets.
    bots: bool = False


@dataclass(frozen=True, slots=True)
class SuggestedPrompt:
    """A question that is offered in the messages tab; choosing it sends its message."""

    title: str
    message: str
    #: Key of the product that it asks about, where that is a certain one.
    product: str | None = None


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What holds where; channels go by id, never by name: renames break names."""

    by_channel: Mapping[str, ChannelRules] = field(default_factory=dict)
    default: ChannelRules = field(default_factory=ChannelRules)
    #: All products: key → name.
    products: Mapping[str, str] = field(default_factory=dict)
    prompts: tuple[SuggestedPrompt, ...] = ()

    def of(self, channel: str) -> ChannelRules:
        """Return what holds in a channel."""
        return self.by_channel.get(channel, self.default)

    def chosen(self, text: str) -> SuggestedPrompt | None:
        """Return the suggested prompt whose message this is."""
        return next((prompt for prompt in self.prompts if prompt.message == text), None)

    @property
    def groups(self) -> frozenset[str]:
        """All user groups that some channel is reserved for."""
        return frozenset().union(*(rules.groups for rules in self.by_channel.values()))


@dataclass(frozen=True, slots=True)
class DirectoryRules:
    """How long what is known of people counts, and how fast it is asked for."""

    names_hours: float = 12.0
    groups_seconds: float = 300.0
    #: Slack allows about 100 calls of `users.info` in a minute.
    pause_seconds: float = 0.6
    #: After Slack could not be asked.
    retry_seconds: float = 30.0
    most_names: int = 10_000
    most_waiting: int = 1_000


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """What tells Slack which app asks for a token."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SlackOAuth:
    """What many workspaces need to install the app themselves."""

    app: AppCredentials
    #: One key or several, divided by commas, the newest first: tokens are stored under it.
    token_keys: str = field(repr=False)
    #: Where browsers reach us; Slack sends them back to `/slack/oauth_redirect` there.
    public_url: str
    #: Ids of workspaces, and of organisations with all of theirs, that may; empty: any.
    workspaces: frozenset[str] = frozenset()

    def may_install(self, *owners: str | None) -> bool:
        """Tell whether one of those that an installation is for may install the app."""
        return not self.workspaces or not self.workspaces.isdisjoint(owners)


@dataclass(frozen=True, slots=True)
class AllowanceRules:
    """Slack's limits, less what is kept for others and for clocks that differ."""

    #: Calls are counted over a little more than Slack's minute.
    window_seconds: float = 63.0
    #: Of 20 each; what is begun can always be ended.
    starts: int = 17
    stops: int = 19
    #: Of 100. The first words of each stream are shown at once, so some are kept for them.
    appends: int = 95
    appends_kept: int = 17
    #: What is left of a minute is meant to last for so long; most answers are whole by then.
    spread_seconds: float = 12.0
    #: Of 50: half is kept for finishing, and for messages that change for other reasons.
    updates: int = 25
    #: The least time between two updates of one message.
    update_seconds: float = 3.0
    #: Of 50; each session that works is ended by a second call,
    sessions: int = 40
    #: and each status is taken away by one. In a rush there is better to do than to show it.
    statuses: int = 240
    #: A place that was booked and not taken is free again after this,
    booked_seconds: float = 10.0
    #: and one that was taken and not given back, after this.
    longest_seconds: float = 900.0
    #: Where Slack does not let us stream, it is not asked again for so long.
    refused_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class SlackConfig:
    """One workspace by its bot token, or many by OAuth. Secrets are kept out of `repr`.

    Raises:
        SettingsError: a secret that is needed is missing, or there are both ways to a workspace.
    """

    bot_token: str = field(default="", repr=False)
    app_token: str | None = field(default=None, repr=False)
    signing_secret: str | None = field(default=None, repr=False)
    oauth: SlackOAuth | None = None
    #: Where operators are at home, if the app is installed by OAuth.
    operators_team: str = ""
    transport: Transport = Transport.SOCKET
    rulebook: Rulebook = field(default_factory=Rulebook)
    #: Ids of operators, or of user groups of them; without any, whoever is in their channel is one.
    operators: frozenset[str] = frozenset()
    operators_channel: str | None = None
    #: Replies may grow in their threads; off: each is posted when it is whole.
    live: bool = True
    #: A stream goes on as an ordinary message after this: Slack closes it after about 5 minutes.
    longest_stream_seconds: float = 240.0
    allowance: AllowanceRules = field(default_factory=AllowanceRules)
    #: Makes the channel's key, `slack:<name>`; stable for ever, known before connecting.
    name: str = "main"
    api_url: str = DEFAULT_API_URL
    request_timeout_seconds: float = 20.0
    ping_seconds: float = 5.0
    directory: DirectoryRules = field(default_factory=DirectoryRules)
    #: Waits between attempts to reach Slack; the last one repeats.
    backoff_seconds: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 30.0)

    @property
    def key(self) -> str:
        """The channel's key."""
        return f"slack:{self.name}"

    def __post_init__(self) -> None:
        if self.oauth is None and not self.bot_token.strip():
            raise SettingsError(
                "Slack needs SLACK_BOT_TOKEN (it starts with xoxb-), or for many workspaces "
                "SLACK_CLIENT_ID and SLACK_CLIENT_SECRET"
            )
        if self.oauth is not None and self.bot_token.strip():
            raise SettingsError(
                "Slack has both SLACK_BOT_TOKEN (one workspace) and SLACK_CLIENT_ID (many); "
                "unset one of them"
            )
        if self.transport is Transport.SOCKET and not (self.app_token or "").strip():
            raise SettingsError(
                'Slack mode "socket" needs SLACK_APP_TOKEN (it starts with xapp-); '
                'or set [slack] mode = "http"'
            )
        if self.transport is Transport.HTTP and not (self.signing_secret or "").strip():
            raise SettingsError(
                'Slack mode "http" needs SLACK_SIGNING_SECRET; or set [slack] mode = "socket"'
            )

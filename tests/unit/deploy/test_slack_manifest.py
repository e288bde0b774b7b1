"""The Slack app's manifest asks for what the adapter uses: nothing less, nothing more."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

import supportbot.channels.slack
from supportbot.channels.slack.config import Rulebook
from supportbot.channels.slack.http import PATH
from supportbot.channels.slack.oauth import BOT_SCOPES
from supportbot.channels.slack.parse import parse
from supportbot.model.inbound import CustomerMessage, Inbound

#: Bot scopes of each method that the adapter calls. https://docs.slack.dev/reference/methods
METHOD_SCOPES: Mapping[str, set[str]] = {
    "apps_connections_open": set(),  # connections:write of the app-level token
    "auth_test": set(),
    "chat_appendStream": {"chat:write"},
    "chat_getPermalink": set(),
    "chat_delete": {"chat:write"},
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_startStream": {"chat:write"},
    "chat_stopStream": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "conversations_replies": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "conversations_open": {"im:write"},
    "oauth_v2_access": set(),  # the app's own client id and secret
    "usergroups_users_list": {"usergroups:read"},
    "users_info": {"users:read"},
}
#: The scope that each event needs, and the event as it arrives. https://docs.slack.dev/reference/events
EVENTS: Mapping[str, tuple[str, dict[str, str]]] = {
    "app_mention": ("app_mentions:read", {"type": "app_mention"}),
    "message.channels": ("channels:history", {"type": "message", "channel_type": "channel"}),
    "message.groups": ("groups:history", {"type": "message", "channel_type": "group"}),
    "message.im": ("im:history", {"type": "message", "channel_type": "im"}),
    "message.mpim": ("mpim:history", {"type": "message", "channel_type": "mpim"}),
}
OWN = {"team": "T1", "bot_user": "UBOT", "bot_id": "B1"}


@pytest.fixture
def text(deploy: Path) -> str:
    """The manifest as it is written."""
    return (deploy / "slack-manifest.yaml").read_text(encoding="utf-8")


@pytest.fixture
def manifest(text: str) -> dict[str, Any]:
    """The manifest as Slack reads it."""
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def called_methods() -> set[str]:
    """Names of Web API methods that stand in the adapter's source."""
    folder = Path(supportbot.channels.slack.__file__).parent
    used = {
        node.attr
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    return {name for name in used if "_" in name and name in vars(AsyncWebClient)}


def test_every_method_that_is_called_is_known_here() -> None:
    assert called_methods() == set(METHOD_SCOPES)


def test_scopes_are_those_of_the_methods_and_events(manifest: dict[str, Any]) -> None:
    asked = manifest["oauth_config"]["scopes"]["bot"]
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    needed = set().union(*METHOD_SCOPES.values(), (EVENTS[event][0] for event in events))
    needed |= {"commands"}  # for the slash command and the shortcut
    assert sorted(asked) == sorted(needed)


def test_workspaces_that_install_the_app_are_asked_for_the_same(manifest: dict[str, Any]) -> None:
    assert list(BOT_SCOPES) == sorted(manifest["oauth_config"]["scopes"]["bot"])


@pytest.mark.parametrize("name", EVENTS)
def test_every_subscribed_event_is_understood(manifest: dict[str, Any], name: str) -> None:
    assert name in manifest["settings"]["event_subscriptions"]["bot_events"]
    event = {"channel": "C1", "user": "U1", "text": "<@UBOT> help", "ts": "1767225600.000100"}
    payload = {"type": "event_callback", "event": {**event, **EVENTS[name][1]}}
    raw = json.dumps(payload).encode()
    heard = parse(Inbound("slack:main", ("k",), raw, OWN, datetime.now(UTC)), Rulebook())
    assert isinstance(heard, CustomerMessage)
    assert heard.addressed


def test_no_event_is_subscribed_that_is_not_understood(manifest: dict[str, Any]) -> None:
    assert set(manifest["settings"]["event_subscriptions"]["bot_events"]) == set(EVENTS)


def test_buttons_and_direct_messages_are_switched_on(manifest: dict[str, Any]) -> None:
    assert manifest["settings"]["interactivity"]["is_enabled"] is True
    assert manifest["features"]["app_home"]["messages_tab_enabled"] is True
    assert manifest["features"]["app_home"]["messages_tab_read_only_enabled"] is False


def test_socket_mode_is_on_and_http_is_two_comments_away(text: str) -> None:
    assert yaml.safe_load(text)["settings"]["socket_mode_enabled"] is True
    switched = yaml.safe_load(text.replace("# request_url:", "request_url:"))["settings"]
    addresses = [switched[name]["request_url"] for name in ("event_subscriptions", "interactivity")]
    assert [address.partition("example.com")[2] for address in addresses] == [PATH, PATH]

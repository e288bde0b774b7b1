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
from supportbot.channels.slack.installing.oauth import BOT_SCOPES, REDIRECT_PATH
from supportbot.channels.slack.installing.workspaces import TAKEN_BACK
from supportbot.channels.slack.keys import ASK_SHORTCUT
from supportbot.channels.slack.manifest import COMMAND, EVENTS, SCOPES, render_manifest
from supportbot.channels.slack.parsing.parse import EVENT_PARSERS, OLDER_EVENTS, parse
from supportbot.channels.slack.transport.http import PATH
from supportbot.model.inbound import CustomerMessage, Heard, Ignored, Inbound

#: Bot scopes of each method that the adapter calls. https://docs.slack.dev/reference/methods
METHOD_SCOPES: Mapping[str, set[str]] = {
    "agents_sessions_setStatus": {"assistant:write", "chat:write"},
    "apps_connections_open": set(),  # connections:write of the app-level token
    "assistant_threads_setStatus": {"assistant:write"},
    "assistant_threads_setSuggestedPrompts": {"assistant:write"},
    "auth_revoke": set(),
    "auth_test": set(),
    "chat_appendStream": {"chat:write"},
    "chat_delete": {"chat:write"},
    "chat_getPermalink": set(),
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_startStream": {"chat:write"},
    "chat_stopStream": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "conversations_info": {"channels:read", "groups:read"},
    "conversations_members": {"channels:read", "groups:read"},
    "conversations_open": {"im:write"},
    "conversations_replies": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "files_info": {"files:read"},  # and to fetch a file by its url_private
    "oauth_v2_access": set(),  # the app's own client id and secret
    "usergroups_users_list": {"usergroups:read"},
    "users_info": {"users:read", "users:read.email"},
    "views_open": set(),
    "views_publish": set(),
}
#: The scope that each event needs, as https://docs.slack.dev/reference/events says.
EVENT_SCOPES: Mapping[str, set[str]] = {
    "agent_session_stopped": {"assistant:write"},
    "agent_session_title_changed": {"assistant:write"},
    "app_context_changed": {"assistant:write"},
    "app_home_opened": set(),
    "app_mention": {"app_mentions:read"},
    "app_uninstalled": set(),
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
    "message.mpim": {"mpim:history"},
    "reaction_added": {"reactions:read"},
    "tokens_revoked": set(),
}
#: Channel types of messages, by the event that tells of them.
CHANNEL_TYPES = {
    "message.channels": "channel",
    "message.groups": "group",
    "message.im": "im",
    "message.mpim": "mpim",
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
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    return {name for name in used if "_" in name and name in vars(AsyncWebClient)}


def hear(event: dict[str, Any]) -> Heard:
    raw = json.dumps({"type": "event_callback", "event": event}).encode()
    return parse(Inbound("slack:main", ("k",), raw, OWN, datetime.now(UTC)), Rulebook())


def test_file_is_what_the_code_renders(text: str) -> None:
    assert text == render_manifest(), "run `make docs`"


def test_file_says_what_the_code_asks_for(manifest: dict[str, Any]) -> None:
    assert manifest["oauth_config"]["scopes"]["bot"] == sorted(SCOPES)
    assert manifest["settings"]["event_subscriptions"]["bot_events"] == sorted(EVENTS)


def test_every_method_that_is_called_is_known_here() -> None:
    assert called_methods() == set(METHOD_SCOPES)


def test_every_scope_is_needed_and_every_need_is_asked_for() -> None:
    methods, events = METHOD_SCOPES.values(), (EVENT_SCOPES[event] for event in EVENTS)
    # `commands` is for the slash command and the shortcut.
    assert set(SCOPES) == {"commands"}.union(*methods, *events)


def test_workspaces_that_install_the_app_are_asked_for_the_same() -> None:
    assert sorted(BOT_SCOPES) == sorted(SCOPES)


def test_every_event_is_understood_that_is_subscribed_and_the_other_way_round() -> None:
    subscribed = {name.partition(".")[0] for name in EVENTS}
    # Apps with an agent view cannot subscribe to what the assistant threads before it sent.
    assert subscribed == (set(EVENT_PARSERS) - OLDER_EVENTS) | TAKEN_BACK


@pytest.mark.parametrize("name", CHANNEL_TYPES)
def test_message_is_understood_wherever_it_is_written(name: str) -> None:
    place = {"type": "message", "channel": "C1", "channel_type": CHANNEL_TYPES[name]}
    heard = hear(place | {"user": "U1", "text": "<@UBOT> help", "ts": "1767225600.000100"})
    assert isinstance(heard, CustomerMessage)
    assert heard.addressed


@pytest.mark.parametrize("name", sorted(set(EVENT_PARSERS) - {"message", "app_mention"}))
def test_event_without_any_field_is_no_trouble(name: str) -> None:
    heard = hear({"type": name})
    assert isinstance(heard, Ignored)
    assert heard.reason


def test_reasons_are_short_and_one_liners() -> None:
    for why in (*SCOPES.values(), *EVENTS.values()):
        assert why
        assert "\n" not in why
        assert len(why) < 90


def test_limits_of_slack_are_kept(manifest: dict[str, Any]) -> None:
    features = manifest["features"]
    assert len(features["agent_view"]["agent_description"]) <= 300
    (shortcut,), (command,) = features["shortcuts"], features["slash_commands"]
    assert (shortcut["callback_id"], len(shortcut["name"]) <= 24) == (ASK_SHORTCUT, True)
    assert (command["command"], command["should_escape"]) == (COMMAND, True)


def test_buttons_and_direct_messages_are_switched_on(manifest: dict[str, Any]) -> None:
    assert manifest["settings"]["interactivity"]["is_enabled"] is True
    assert manifest["features"]["app_home"]["home_tab_enabled"] is True
    assert manifest["features"]["app_home"]["messages_tab_enabled"] is True
    assert manifest["features"]["app_home"]["messages_tab_read_only_enabled"] is False


def test_the_way_back_from_installing_is_a_comment_away(text: str) -> None:
    config = yaml.safe_load(
        text.replace("  # redirect_urls", "  redirect_urls").replace("  #   - ", "    - ")
    )
    (address,) = config["oauth_config"]["redirect_urls"]
    assert address.partition("example.com")[2] == REDIRECT_PATH


def test_socket_mode_is_on_and_http_is_three_comments_away(text: str) -> None:
    assert yaml.safe_load(text)["settings"]["socket_mode_enabled"] is True
    switched = yaml.safe_load(
        text.replace("# request_url:", "request_url:").replace("# url", "url")
    )
    settings, (command,) = switched["settings"], switched["features"]["slash_commands"]
    addresses = [settings[name]["request_url"] for name in ("event_subscriptions", "interactivity")]
    paths = [address.partition("example.com")[2] for address in (*addresses, command["url"])]
    assert paths == [PATH, PATH, PATH]

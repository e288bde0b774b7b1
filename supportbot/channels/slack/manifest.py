"""What the Slack app asks of a workspace, each with its reason: the source of its manifest.

`deploy/slack-manifest.yaml` is written from it, and an installation asks for the same scopes.
https://docs.slack.dev/reference/app-manifest
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from supportbot.channels.slack.keys import ASK_SHORTCUT

#: Scopes of the bot, and what for.
SCOPES: Mapping[str, str] = {
    "app_mentions:read": "is told when somebody mentions it",
    "assistant:write": "suggested questions, and the line that an answer is being made",
    "channels:read": "who is in the operators' channel; `supportbot check` looks at its channels",
    "channels:history": "follow-ups in threads of public channels",
    "chat:write": "replies, and notices to operators",
    "commands": '/support, and "Ask support" on a message',
    "files:read": "reads files that customers send",
    "groups:history": "the same in private channels",
    "groups:read": "the same in private channels",
    "im:history": "direct messages",
    "im:write": "answers commands and shortcuts in direct messages",
    "mpim:history": "group messages",
    "reactions:read": "a check mark on the first message of a thread resolves its ticket",
    "usergroups:read": "who is in a user group",
    "users:read": "what customers are called",
    "users:read.email": "knows operators by their accounts of the dashboard",
}
#: Events of the bot, and what for. https://docs.slack.dev/reference/events
EVENTS: Mapping[str, str] = {
    "agent_session_stopped": "the stop button ends the answer that is being made",
    "agent_session_title_changed": "the title of a conversation, which is only noted",
    "app_context_changed": "what somebody looks at beside the messages tab; messages tell it too",
    "app_home_opened": "shows tickets in the home tab, offers questions in the messages tab",
    "app_mention": "questions",
    "app_uninstalled": "forgets the tokens of a workspace that removed the app",
    "message.channels": "follow-ups, edits and deletions in public channels",
    "message.groups": "the same in private channels",
    "message.im": "direct messages",
    "message.mpim": "group messages",
    "reaction_added": "a check mark on the first message of a thread",
    "tokens_revoked": "forgets a token that was taken back",
}
COMMAND = "/support"
ADDRESS = "https://support.example.com/slack/events"
#: Where Slack sends those back who install the app themselves.
REDIRECT = "https://support.example.com/slack/oauth_redirect"

_HEAD = """\
# Slack app of supportbot, written from supportbot/channels/slack/manifest.py by `make docs`.
# At https://api.slack.com/apps choose "Create New App", "From a manifest", paste this file, install
# the app and copy the bot token (xoxb-) to SLACK_BOT_TOKEN.
#
# Socket Mode, as written here: under "Basic Information" make an app-level token with the scope
# connections:write and copy it (xapp-) to SLACK_APP_TOKEN. No public address is needed.
#
# Signed HTTP events instead ([slack] mode = "http"): set socket_mode_enabled to false, take the
# comments off the lines with an address, put your public one in, and copy the signing secret from
# "Basic Information" to SLACK_SIGNING_SECRET. supportbot must be running when you save: Slack asks
# the address for a challenge.
#
# Workspaces that install the app themselves: take the comments off redirect_urls too, and see
# docs/how-to/slack-workspaces.md.
#
# After an update that brings new scopes or events, paste the file again under "App Manifest" and
# install the app again. `supportbot check` tells which scopes are missing.
"""
_BODY = """\
display_information:
  name: Support
  description: Answers questions of customers and passes on to people.
features:
  agent_view:
    agent_description: >-
      Answers questions about our products from their documentation, and passes you on to a person
      where it cannot.
  app_home:
    home_tab_enabled: {home}
    messages_tab_enabled: true
    messages_tab_read_only_enabled: false
  bot_user:
    display_name: Support
    always_online: true
  shortcuts:
    - name: Ask support
      type: message
      callback_id: {shortcut}
      description: Asks support what the message says
  slash_commands:
    - command: {command}
      # url: {address}
      description: Ask support a question
      usage_hint: "[product] question"
      should_escape: true
oauth_config:
  # redirect_urls:
  #   - {redirect}
  scopes:
    bot:
{scopes}
settings:
  event_subscriptions:
    # request_url: {address}
    bot_events:
{events}
  interactivity:
    is_enabled: true
    # request_url: {address}
  org_deploy_enabled: false
  socket_mode_enabled: true
  token_rotation_enabled: false
"""


def render_manifest() -> str:
    """Return the manifest as YAML, with its reasons as comments. Pure."""
    return _HEAD + _BODY.format(
        home="true",
        shortcut=ASK_SHORTCUT,
        command=COMMAND,
        address=ADDRESS,
        redirect=REDIRECT,
        scopes=_listed(SCOPES),
        events=_listed(EVENTS),
    )


def write_manifest(root: Path) -> Path:
    """Write the manifest into a checkout; return its path. Safe to repeat."""
    path = root / "deploy" / "slack-manifest.yaml"
    path.write_text(render_manifest(), encoding="utf-8")
    return path


def _listed(reasons: Mapping[str, str]) -> str:
    return "\n".join(f"      - {name} # {why}" for name, why in sorted(reasons.items()))

"""Slack's refusals and network failures, translated once.

Codes: https://docs.slack.dev/reference/methods/chat.postMessage#errors
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from supportbot.errors import DeliveryUnknown, SendError

#: Slack says that some part of the work may have been done.
_UNKNOWN = frozenset({"fatal_error", "internal_error", "http_200"})
RATE_LIMITED = frozenset({"ratelimited", "rate_limited"})
_TEMPORARY = RATE_LIMITED | frozenset(
    {
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
        "message_limit_exceeded",
        "org_login_required",
    }
)
#: Begins the code of an answer without Slack's own: a proxy gave it, or Slack's front door.
_NOT_SLACK = "http_"
#: What the SDK fails with over a body that is text, not JSON, or no text at all.
_UNREADABLE = (AttributeError, UnicodeDecodeError)
_CURES = {
    "account_inactive": "the app was removed from the workspace: install it again",
    "bad_client_secret": "check SLACK_CLIENT_SECRET",
    "channel_not_found": "invite the bot to the channel, or check the channel's id",
    "invalid_auth": "check SLACK_BOT_TOKEN (xoxb-) and SLACK_APP_TOKEN (xapp-)",
    "invalid_client_id": "check SLACK_CLIENT_ID",
    "invalid_refresh_token": "install the app again at /slack/install",
    "is_archived": "the channel is archived: unarchive it or write elsewhere",
    "missing_scope": "add the scope in the app's settings and install it again",
    "not_allowed_token_type": "SLACK_BOT_TOKEN starts with xoxb-, SLACK_APP_TOKEN with xapp-",
    "not_authed": "set SLACK_BOT_TOKEN",
    "not_in_channel": "invite the bot to the channel (/invite @bot)",
    "token_expired": "set a new SLACK_BOT_TOKEN, or install the app again at /slack/install",
    "token_revoked": "install the app again: at /slack/install, or with a new SLACK_BOT_TOKEN",
}
_SERVER_ERROR = 500
#: So a proxy answers when it had passed the call on, and heard nothing good, or nothing, of it.
_PASSED_ON = frozenset({500, 502, 504})
_TOO_MANY_REQUESTS = 429


def error_code(error: SlackApiError) -> str:
    """Return Slack's own code such as `not_in_channel`; `http_503` where the body has none."""
    data = error.response.data if isinstance(error.response, AsyncSlackResponse) else None
    # A proxy may know errors too, but not Slack's way to tell of them.
    code = data.get("error") if isinstance(data, dict) and data.get("ok") is False else None
    return str(code) if code else f"{_NOT_SLACK}{_status(error)}"


@contextmanager
def translated(action: str, *, may_repeat: bool) -> Iterator[None]:
    """Turn what the SDK raises into errors of the house; `action` is said in the message.

    `may_repeat` is for calls that change nothing: a lost answer is then no `DeliveryUnknown`.

    Raises:
        SendError: refused, or worth another try.
        DeliveryUnknown: the answer was lost after the request had left.
    """
    try:
        yield
    except SlackApiError as error:
        raise _refusal(action, error, may_repeat=may_repeat) from error
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise SendError(f"Slack cannot be reached to {action}", permanent=False) from error
    except (TimeoutError, aiohttp.ClientError) as error:
        if may_repeat:
            raise SendError(f"Slack did not answer to {action}", permanent=False) from error
        raise DeliveryUnknown(f"Slack's answer was lost ({action})") from error
    except _UNREADABLE as error:
        if may_repeat:
            raise SendError(f"Slack's answer cannot be read ({action})", permanent=False) from error
        raise DeliveryUnknown(f"Slack's answer cannot be read ({action})") from error


def _refusal(action: str, error: SlackApiError, *, may_repeat: bool) -> SendError | DeliveryUnknown:
    code, status = error_code(error), _status(error)
    passed_on = code.startswith(_NOT_SLACK) and status in _PASSED_ON
    if (code in _UNKNOWN or passed_on) and not may_repeat:
        return DeliveryUnknown(f"Slack may have failed half-way ({action}: {code})")
    temporary = (
        code in _TEMPORARY
        or code in _UNKNOWN
        or code.startswith(_NOT_SLACK)
        or status >= _SERVER_ERROR
        or status == _TOO_MANY_REQUESTS
    )
    cure = f"; {_CURES[code]}" if code in _CURES else ""
    return SendError(
        f"Slack refused to {action} ({code}){cure}",
        permanent=not temporary,
        retry_after_seconds=retry_after_seconds(error),
    )


def _status(error: SlackApiError) -> int:
    response = error.response
    # The SDK hands over its own response, but aiohttp's where the body was not JSON.
    if isinstance(response, AsyncSlackResponse):
        return response.status_code
    return response.status if isinstance(response, aiohttp.ClientResponse) else 0


def retry_after_seconds(error: SlackApiError) -> float | None:
    """Return how long Slack asks to wait, where it does."""
    response = error.response
    if not isinstance(response, AsyncSlackResponse):
        return None
    for name, value in response.headers.items():
        if name.lower() == "retry-after" and value.isdigit():
            return float(value)
    return None

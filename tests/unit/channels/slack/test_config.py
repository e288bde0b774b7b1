from __future__ import annotations

import pytest

from supportbot.channels.slack.config import SlackConfig, Transport
from supportbot.errors import SettingsError


@pytest.mark.parametrize(
    ("config", "variable"),
    [
        ({"bot_token": " ", "app_token": "xapp-1"}, "SLACK_BOT_TOKEN"),
        ({"bot_token": "xoxb-1"}, "SLACK_APP_TOKEN"),
        ({"bot_token": "xoxb-1", "transport": Transport.HTTP}, "SLACK_SIGNING_SECRET"),
    ],
)
def test_missing_secret_names_its_variable(config: dict[str, str], variable: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        SlackConfig(**config)  # type: ignore[arg-type] # one of them is the transport


def test_secrets_are_not_printed() -> None:
    config = SlackConfig("xoxb-secret", app_token="xapp-secret", signing_secret="shh-secret")
    assert "secret=" not in repr(config)
    assert "-secret" not in repr(config)

from __future__ import annotations

import pytest

from supportbot.channels.slack.config import Transport


@pytest.fixture(params=list(Transport))
def transport(request: pytest.FixtureRequest) -> Transport:
    """How the product hears Slack: a story that takes this is told over both ways."""
    return Transport(request.param)

"""What users of other Slack bots complained of, each named by its issue, and what happens here.

The two files beside this one say what is done and expected; a row is played over both transports
where it is not about one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from supportbot.app import ways_in
from supportbot.channels.slack.config import Transport
from tests.acceptance import complaints_of_hearing as hearing
from tests.acceptance import complaints_of_saying as saying
from tests.acceptance.complaints_of_hearing import Behaviour

HEARING: Mapping[str, Behaviour] = {
    "bolt-python-868": hearing.repeated(hearing.another_delivery),
    "bolt-python-845": hearing.repeated(hearing.another_delivery, times=3),
    "bolt-python-731": hearing.repeated(hearing.same_envelope, times=1),
    "python-slack-sdk-1164": hearing.repeated(hearing.same_envelope),
    "bolt-js-2487": hearing.repeated(hearing.same_envelope, times=3),
    "openclaw-1163": hearing.repeated(hearing.another_delivery, times=1),
    "vercel-chat-666+667+bolt-python-1484": hearing.only_the_retry_arrives,
    "openclaw-79123+bolt-python-1355": hearing.acks_do_not_wait_for_models,
    "bolt-python-964": hearing.what_is_under_way_is_finished_at_the_end,
    "node-slack-sdk-2010": hearing.too_many_requests,
    "node-slack-sdk-2504+bolt-python-663+962+python-slack-sdk-1242": (
        hearing.tokens_are_exchanged_once
    ),
    "slack-change-of-2025-05-29": hearing.no_history_is_asked_for,
}
SOCKETS: Mapping[str, Behaviour] = {
    "bolt-python-417+python-slack-sdk-1110": hearing.after(hearing.silent),
    "bolt-python-1529": hearing.after(hearing.disabled_for_a_moment),
    "python-slack-sdk-1446": hearing.after(hearing.dropped),
    "python-slack-sdk-1701": hearing.after(hearing.refreshed),
    "hermes-agent-46990": hearing.after(hearing.dropped_often),
    "hermes-agent-91630": hearing.silence_keeps_nobody_from_ending,
}
SAYING: Mapping[str, Behaviour] = {
    "openclaw-21213+21773+KiroCrew-5318": saying.streams_name_their_reader,
    "python-slack-sdk-1859+1880": saying.in_spite_of(saying.expires(appends=1)),
    "dust-25031+vercel-chat-607+637": saying.in_spite_of(saying.expires(appends=2)),
    "tiger-agents-for-work-297": saying.in_spite_of(
        saying.refused("chat.appendStream", "internal_error")
    ),
    "Actual-Chat-4720": saying.stopped_by_the_reader,
    "shipwright-3149": saying.in_spite_of(saying.refused("chat.startStream", "not_allowed")),
    "onyx-11615": saying.silence_never_ends_it,
    "CopilotKit-6064+6244": saying.long_answer(saying.growing),
    "bolt-js-2509+thicket-95+java-slack-sdk-704+slack-ruby-client-259": saying.long_answer(
        saying.whole
    ),
    "vercel-eve-565": saying.too_long_for_slack,
    "hermes-agent-8552": saying.table(saying.whole),
    "slack-mcp-server-330": saying.table(saying.growing),
    "nao-1141": saying.in_spite_of(saying.refused("chat.stopStream", "invalid_blocks")),
    "hermes-agent-8554+daimon-106": saying.updates_keep_their_blocks,
    "hermes-agent-47051": saying.calls_nobody(saying.growing),
    "hermes-agent-47051-in-plain-text": saying.calls_nobody(
        saying.whole, saying.refused("chat.postMessage", "invalid_blocks", times=2)
    ),
    "onyx-1496": saying.follow_ups_need_no_mention,
    "onyx-5742": saying.sources_can_be_followed,
}


@pytest.fixture
def fast_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets are looked after many times a second."""
    quick = partial(ways_in.SlackConfig, ping_seconds=0.2, backoff_seconds=(0.05,))
    monkeypatch.setattr(ways_in, "SlackConfig", quick)


@pytest.mark.parametrize("behave", HEARING.values(), ids=HEARING)
async def test_what_is_heard(behave: Behaviour, transport: Transport, tmp_path: Path) -> None:
    await behave(transport, tmp_path)


@pytest.mark.usefixtures("fast_pings")
@pytest.mark.parametrize("behave", SOCKETS.values(), ids=SOCKETS)
async def test_what_becomes_of_sockets(behave: Behaviour, tmp_path: Path) -> None:
    await behave(Transport.SOCKET, tmp_path)


@pytest.mark.parametrize("repeat", [False, True], ids=["bolt-python-1316", "bolt-python-1355"])
async def test_what_several_processes_hear(
    *, repeat: bool, tmp_path: Path, postgresql_url: str
) -> None:
    await hearing.replicas_answer_once(tmp_path, postgresql_url, repeat=repeat)


@pytest.mark.parametrize("behave", SAYING.values(), ids=SAYING)
async def test_what_is_said(behave: Behaviour, transport: Transport, tmp_path: Path) -> None:
    await behave(transport, tmp_path)

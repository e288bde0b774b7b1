"""What Slack counts in a minute is never spent, and what is begun can always be ended."""

from __future__ import annotations

import pytest

from supportbot.channels.slack.config import AllowanceRules
from supportbot.channels.slack.replies.allowance import APPEND, START, STOP, UPDATE, Allowance

RULES = AllowanceRules()


class Watch:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def allowance(watch: Watch) -> Allowance:
    return Allowance(RULES, watch)


def begun(allowance: Allowance, count: int) -> list[str]:
    """Begin as many as may begin; return their keys."""
    keys = [f"k{number}" for number in range(count)]
    return [key for key in keys if allowance.book(key, "C1") and allowance.begin(key)]


def ended(allowance: Allowance, key: str) -> None:
    allowance.spend(STOP)
    allowance.end(key)


def test_no_more_begin_than_a_minute_allows(allowance: Allowance, watch: Watch) -> None:
    keys = begun(allowance, 30)
    assert len(keys) == RULES.starts < 20
    for key in keys:
        ended(allowance, key)
    watch.seconds += 60.0  # Slack's clock may be a little behind ours
    assert not allowance.book("later", "C1")
    watch.seconds += 4.0
    assert allowance.book("later", "C1")


def test_each_that_begins_has_its_end_booked(allowance: Allowance, watch: Watch) -> None:
    """Streams that live for minutes must not end more often in one than Slack allows."""
    open_ones: list[str] = []
    for minute in range(4):
        keys = [f"m{minute}-{number}" for number in range(30)]
        open_ones += [key for key in keys if allowance.book(key, "C1") and allowance.begin(key)]
        watch.seconds += RULES.window_seconds + 1
    assert len(open_ones) == RULES.stops < 20


def test_a_place_is_booked_once_for_each_reply(allowance: Allowance) -> None:
    for _ in range(RULES.starts * 2):
        assert allowance.book("same", "C1")


def test_a_place_that_nobody_takes_is_free_again(allowance: Allowance, watch: Watch) -> None:
    for number in range(RULES.stops):
        allowance.book(f"k{number}", "C1")
    watch.seconds += RULES.window_seconds + 1
    assert allowance.book("another", "C1")
    assert not allowance.begin("k0")


def test_an_end_that_never_comes_is_not_waited_for_for_ever(
    allowance: Allowance, watch: Watch
) -> None:
    begun(allowance, 30)
    watch.seconds += RULES.longest_seconds + 1
    assert len(begun(allowance, 30)) == RULES.starts


def test_first_words_are_shown_at_once(allowance: Allowance) -> None:
    keys = begun(allowance, RULES.starts)
    assert all(allowance.may_append(key) for key in keys)
    assert not any(allowance.may_append(key) for key in keys)


@pytest.mark.parametrize("count", [1, 5, RULES.starts])
def test_all_that_grow_share_the_minute(allowance: Allowance, watch: Watch, count: int) -> None:
    keys = begun(allowance, count)
    appended = dict.fromkeys(keys, 0)
    for _ in range(6_000):  # a minute, looked at every 10 ms
        for key in keys:
            appended[key] += allowance.may_append(key)
        watch.seconds += 0.01
    assert 60 < sum(appended.values()) <= RULES.appends
    assert max(appended.values()) - min(appended.values()) <= 1


def test_few_that_grow_are_shown_more_every_second(allowance: Allowance, watch: Watch) -> None:
    keys = begun(allowance, 5)
    shown = dict.fromkeys(keys, 0)
    for _ in range(500):
        for key in keys:
            shown[key] += allowance.may_append(key)
        watch.seconds += 0.01
    assert min(shown.values()) >= 5


def test_a_minute_is_never_overspent(allowance: Allowance, watch: Watch) -> None:
    """Answers of a few seconds come and go for ten minutes; Slack's 100 hold in any minute."""
    calls: list[float] = []
    for tenth in range(6_000):
        if tenth % 10 == 0:
            key = f"k{tenth}"
            if allowance.book(key, "C1"):
                allowance.begin(key)
        for number in range(max(0, tenth - 80), tenth + 1):
            key = f"k{number}"
            if allowance.may_append(key) if key in allowance._open else False:
                calls.append(watch.seconds)
        if f"k{tenth - 80}" in allowance._open:
            ended(allowance, f"k{tenth - 80}")
        watch.seconds += 0.1
    for at in calls:
        assert sum(at <= other < at + 60 for other in calls) < 100


def test_updates_of_growing_messages_leave_half_of_the_minute(
    allowance: Allowance, watch: Watch
) -> None:
    keys = begun(allowance, 10)
    updated = 0
    for _ in range(6_000):
        updated += sum(allowance.may_update(key) for key in keys)
        watch.seconds += 0.01
    assert 10 < updated <= RULES.updates


def test_one_message_is_not_updated_all_the_time(allowance: Allowance, watch: Watch) -> None:
    [key] = begun(allowance, 1)
    assert allowance.may_update(key)
    watch.seconds += RULES.update_seconds / 2
    assert not allowance.may_update(key)
    watch.seconds += RULES.update_seconds
    assert allowance.may_update(key)


@pytest.mark.parametrize("method", [START, STOP, APPEND])
def test_nothing_begins_while_slack_asks_to_wait(
    allowance: Allowance, watch: Watch, method: str
) -> None:
    allowance.hold(method, 30.0)
    assert not allowance.book("k", "C1")
    watch.seconds += 31.0
    assert allowance.book("k", "C1")


@pytest.mark.parametrize("method", [APPEND, UPDATE])
def test_a_method_that_slack_holds_back_is_not_called(
    allowance: Allowance, watch: Watch, method: str
) -> None:
    [key] = begun(allowance, 1)
    may = allowance.may_append if method == APPEND else allowance.may_update
    allowance.hold(method, 30.0)
    assert not may(key)
    watch.seconds += 31.0
    assert may(key)


def test_a_conversation_without_streams_is_left_alone_for_a_while(
    allowance: Allowance, watch: Watch
) -> None:
    allowance.refuse("C1")
    assert not allowance.book("k1", "C1")
    assert allowance.book("k2", "C2")
    watch.seconds += RULES.refused_seconds + 1
    assert allowance.book("k1", "C1")

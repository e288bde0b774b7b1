from __future__ import annotations

from typing import Any

from supportbot.tools.declare import tool
from supportbot.tools.toolbox import gather


@tool
def look() -> str:
    return "seen"


@tool(writes=True)
def pay() -> str:
    return "paid"


TOOLBOX = gather([pay, look]).toolbox


def test_tools_are_offered_in_the_order_of_their_names() -> None:
    assert [spec.name for spec in TOOLBOX.allowed(["pay", "look", "gone"])] == ["look", "pay"]
    assert TOOLBOX.allowed([]) == ()


def test_two_tools_of_one_name_are_refused_at_the_second() -> None:
    @tool(name="look")
    def other() -> None: ...

    gathered = gather([look, other])
    (problem,) = gathered.problems
    assert "tool other: there are two tools named 'look'" in str(problem)
    assert gathered.toolbox.tools["look"].function() == "seen"


def test_a_broken_tool_does_not_hide_the_others() -> None:
    @tool
    def broken(*x: int) -> None: ...

    gathered = gather([broken, look])
    assert [*gathered.toolbox.tools] == ["look"]
    assert len(gathered.problems) == 1


def test_a_policy_decides_what_may_be_called(policy_with: Any) -> None:
    assert TOOLBOX.permitted("look", policy_with("look"))
    assert not TOOLBOX.permitted("pay", policy_with("look"))
    assert not TOOLBOX.permitted("gone", policy_with("gone"))
    assert TOOLBOX.permitted("pay", policy_with("pay"))
    assert not TOOLBOX.permitted("pay", policy_with("pay", read_only=("pay",)))


def test_a_policy_that_asks_for_what_there_is_not_is_told(policy_with: Any) -> None:
    assert [*TOOLBOX.problems(policy_with("look", "pay"))] == []
    policy = policy_with("gone", "look", "pay", read_only=("look", "pay"))
    missing, tightened = TOOLBOX.problems(policy)
    assert missing == ("gone", "there is no such tool; known are: look, pay")
    assert tightened[0] == "pay"
    assert "it changes things" in tightened[1]

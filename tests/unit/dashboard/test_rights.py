from __future__ import annotations

from supportbot.dashboard.rights import RIGHTS, Right, allows
from supportbot.model.catalog import OperatorRole


def test_each_role_may_all_that_the_one_below_may() -> None:
    viewer, operator, admin = (RIGHTS[role] for role in OperatorRole)
    assert viewer < operator < admin
    assert admin == frozenset(Right)


def test_viewers_only_read() -> None:
    assert allows(OperatorRole.VIEWER, Right.READ)
    assert not allows(OperatorRole.VIEWER, Right.ACT)
    assert not allows(OperatorRole.VIEWER, Right.READ_PERSONAL)

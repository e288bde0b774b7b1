from __future__ import annotations

from typing import Any

import pytest

from supportbot.channels.slack.installing.origin import Origin, origin_of


def authorized(**changes: Any) -> dict[str, Any]:
    first = {"team_id": "T1", "enterprise_id": None, "is_enterprise_install": False} | changes
    return {"type": "event_callback", "team_id": "T9", "authorizations": [first]}


def test_an_authorization_is_who_we_are_whoever_did_it() -> None:
    payload = authorized() | {"event": {"type": "message", "user_team": "TGUEST", "team": "TGUEST"}}
    assert origin_of(payload) == Origin(("T1",), sure=True)


def test_an_organisation_that_installed_for_all_is_asked_first() -> None:
    origin = origin_of(authorized(enterprise_id="E1", is_enterprise_install=True))
    assert origin == Origin(("T1",), "E1", whole_org=True, sure=True)
    assert origin.owners() == ("E1", "T1")
    assert origin_of(authorized(enterprise_id="E1")).owners() == ("T1", "E1")


def test_an_organisations_authorization_may_name_no_team() -> None:
    payload = authorized(team_id=None, enterprise_id="E1", is_enterprise_install=True)
    assert origin_of(payload).owners() == ("E1", "T9")
    assert not origin_of(payload).sure


def test_an_event_without_authorizations_is_of_its_team() -> None:
    for told in (None, [], "x", [7]):
        payload = {"type": "event_callback", "team_id": "T1", "authorizations": told}
        assert origin_of(payload) == Origin(("T1",))


@pytest.mark.parametrize(
    ("payload", "teams"),
    [
        # In a shared channel the team of a press is that of whoever pressed.
        (
            {"type": "block_actions", "team": {"id": "TGUEST"}, "message": {"team": "T1"}},
            ("T1", "TGUEST"),
        ),
        ({"type": "block_actions", "team": None, "user": {"team_id": "T1"}}, ("T1",)),
        # The message of a shortcut is anybody's.
        (
            {"type": "message_action", "team": {"id": "T1"}, "message": {"team": "TGUEST"}},
            ("T1",),
        ),
        (
            {
                "type": "view_submission",
                "team": {"id": "TGUEST"},
                "view": {"app_installed_team_id": "T1"},
            },
            ("T1", "TGUEST"),
        ),
        ({"command": "/support", "team_id": "T1", "is_enterprise_install": "false"}, ("T1",)),
    ],
)
def test_an_interaction_names_the_workspaces_that_it_may_be_in(
    payload: dict[str, Any], teams: tuple[str, ...]
) -> None:
    assert origin_of(payload) == Origin(teams)


def test_a_command_of_an_organisation_says_so_in_words() -> None:
    payload = {"team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": "true"}
    assert origin_of(payload).owners() == ("E1", "T1")
    payload = {"team": {"id": "T1"}, "enterprise": {"id": "E1"}, "is_enterprise_install": True}
    assert origin_of(payload).owners() == ("E1", "T1")


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"team": 7, "team_id": [], "user": "x", "enterprise": 1, "view": None},
        {"authorizations": [{"team_id": {}, "enterprise_id": []}]},
        {"type": "url_verification"},
    ],
)
def test_what_cannot_be_read_names_nobody(payload: dict[str, Any]) -> None:
    assert origin_of(payload).owners() == ()

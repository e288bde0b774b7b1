from __future__ import annotations

from collections.abc import Callable

import pytest

from supportbot.settings.needs import (
    endless_quiet,
    local_links,
    missing_secrets,
    unheard_servers,
    unknown_products,
    unknown_senders,
    unread_mailboxes,
)
from supportbot.settings.tree import Settings

Load = Callable[..., Settings]
Problems = Callable[..., list[str]]

CHANNELS = '[slack.channels]\nC0123 = "hosting"\n'
HTTP = '[slack]\nmode = "http"\n'
OAUTH = {"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "x", "SLACK_APP_TOKEN": "x"}
KEPT = {
    "SUPPORTBOT_SERVER_PUBLIC_URL": "https://bot.example",
    "SUPPORTBOT_SECRET_TOKEN_KEY": f"{'A' * 43}=",
}
BOX = '[[email.mailboxes]]\naddress = "a@b.c"\noutbox = "o"\n'
GRANTED = (
    f'{BOX}imap = "imaps://u@h"\n[email.mailboxes.oauth]\nclient_id = "1"\n'
    'refresh_token_env = "BOX_TOKEN"\nclient_secret_env = "APP_SECRET"\n'
)
GOOGLE = f'{GRANTED}provider = "google"\n'
MICROSOFT = f'{GRANTED}provider = "microsoft"\ntenant = "example.com"\n'
PLACE = '[slack]\noperators_channel = "C1"\n'


@pytest.mark.parametrize(
    ("text", "environ", "named"),
    [
        ("", {}, []),
        (CHANNELS, {}, ["SLACK_BOT_TOKEN"]),
        ("", {"SLACK_APP_TOKEN": "x"}, ["SLACK_BOT_TOKEN"]),
        (CHANNELS, {"SLACK_BOT_TOKEN": "x"}, ["SLACK_APP_TOKEN"]),
        (CHANNELS, {"SLACK_BOT_TOKEN": "x", "SLACK_APP_TOKEN": "x"}, []),
        (HTTP, {"SLACK_BOT_TOKEN": "x"}, ["SLACK_SIGNING_SECRET"]),
        (HTTP, {"SLACK_BOT_TOKEN": "x", "SLACK_SIGNING_SECRET": "x"}, []),
        ("", OAUTH | KEPT, []),
        ("", OAUTH, ["SUPPORTBOT_SERVER_PUBLIC_URL", "SUPPORTBOT_SECRET_TOKEN_KEY"]),
        ("", OAUTH | KEPT | {"SLACK_BOT_TOKEN": "x"}, ["SLACK_BOT_TOKEN"]),
        ("", KEPT | {"SLACK_CLIENT_ID": "1.2", "SLACK_APP_TOKEN": "x"}, ["SLACK_CLIENT_SECRET"]),
        ("", {"SLACK_CLIENT_ID": "1.2", "SLACK_BOT_TOKEN": "x", "SLACK_APP_TOKEN": "x"}, []),
        (HTTP, OAUTH | KEPT, ["SLACK_SIGNING_SECRET"]),
        (PLACE, OAUTH | KEPT, ["[slack] operators_team"]),
        ('[slack]\noperators = ["U1"]\n', OAUTH | KEPT, ["[slack] operators_team"]),
        (f'{PLACE}operators_team = "T1"\n', OAUTH | KEPT, []),
        (
            '[slack]\noperators_team = "T1"\nworkspaces = ["T2"]\n',
            OAUTH | KEPT,
            ["[slack] workspaces"],
        ),
        ('[slack]\noperators_team = "T1"\nworkspaces = ["T2", "T1"]\n', OAUTH | KEPT, []),
        ('[slack]\noperators_team = "T1"\nworkspaces = ["E2"]\n', OAUTH | KEPT, []),
        (PLACE, {"SLACK_BOT_TOKEN": "x", "SLACK_APP_TOKEN": "x"}, []),
        (BOX, {}, []),
        (f'{BOX}imap = "imaps://u@h"\n', {}, ["mailbox a@b.c"]),
        (f'{BOX}password_env = "BOX_PASSWORD"\n', {}, ["BOX_PASSWORD"]),
        (f'{BOX}password_env = "BOX_PASSWORD"\n', {"BOX_PASSWORD": "x"}, []),
        (GOOGLE, {}, ["BOX_TOKEN", "APP_SECRET"]),
        (GOOGLE, {"BOX_TOKEN": "x", "APP_SECRET": "x"}, []),
        (MICROSOFT, {"BOX_TOKEN": "x", "APP_SECRET": "x"}, ["SUPPORTBOT_SECRET_TOKEN_KEY"]),
        (MICROSOFT, {"BOX_TOKEN": "x", "APP_SECRET": "x"} | KEPT, []),
    ],
)
def test_missing_secrets_are_named(
    load_text: Load, text: str, environ: dict[str, str], named: list[str]
) -> None:
    found = [
        str(problem).partition(":")[0] for problem in missing_secrets(load_text(text, **environ))
    ]
    assert found == named


def test_a_mailbox_needs_imap_or_the_listener(load_text: Load) -> None:
    assert len(unread_mailboxes(load_text(BOX))) == 1
    assert unread_mailboxes(load_text(BOX, SUPPORTBOT_EMAIL_LISTENER_PORT="0")) == ()
    assert unread_mailboxes(load_text(f'{BOX}imap = "imaps://u@h"\n')) == ()


def test_every_place_that_names_an_unknown_product_is_told(load_text: Load) -> None:
    settings = load_text(
        f'[tickets]\ndefault_product = "p"\n[web]\nproducts = ["p"]\n{BOX}product = "p"\n'
        f'[slack]\ndefault_product = "p"\n{CHANNELS}'
    )
    found = [str(problem) for problem in unknown_products(settings, {"hosting"})]
    assert [line.partition(":")[0] for line in found] == [
        "tickets.default_product",
        "slack.default_product",
        "mailbox a@b.c",
        "web.products",
    ]
    assert unknown_products(settings, {"hosting", "p"}) == ()


def test_an_unknown_product_gets_a_hint(load_text: Load) -> None:
    (problem,) = unknown_products(load_text('[tickets]\ndefault_product = "hostin"\n'), {"hosting"})
    assert "did you mean 'hosting'?" in str(problem)
    assert "policies/products/hostin.md" in str(problem)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("", []),
        ("[tickets]\nquiet_seconds = 30\n", []),
        ("[tickets]\nquiet_seconds = 90\nmax_wait_seconds = 5\n", ["tickets"]),
        ("[web]\nquiet_seconds = 31\n", ["web"]),
        ("[tickets]\nquiet_seconds = 9\n[slack]\nmax_wait_seconds = 8\n", ["slack"]),
        (f"{BOX}quiet_seconds = 60\nmax_wait_seconds = 30\n", ["mailbox a@b.c"]),
    ],
)
def test_a_quiet_period_that_never_ends_is_told(
    load_text: Load, text: str, places: list[str]
) -> None:
    found = [str(problem).partition(": ")[0] for problem in endless_quiet(load_text(text))]
    assert found == places


def test_what_is_no_key_for_tokens_is_refused_and_not_shown(problems_of: Problems) -> None:
    for keys in ("short", f"{'A' * 43}=,short", f"{'A' * 42}=="):
        assert problems_of(SUPPORTBOT_SECRET_TOKEN_KEY=keys) == [
            "SUPPORTBOT_SECRET_TOKEN_KEY: is no key; `supportbot admin token-key` prints one"
        ]


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("http://bot.example", False),
        ("http://10.0.0.7:8080", False),
        ("http://localhost:8080", True),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("https://bot.example", True),
    ],
)
def test_whoever_installs_the_app_comes_back_where_the_cookie_is_kept(
    load_text: Load, url: str, *, fits: bool
) -> None:
    given = {"SUPPORTBOT_SERVER_PUBLIC_URL": url}
    found = [str(problem) for problem in missing_secrets(load_text(**OAUTH | KEPT | given))]
    assert [line.partition(": begins with http://")[0] for line in found] == (
        [] if fits else [*given]
    )
    assert missing_secrets(load_text(**given)) == ()


def test_links_to_the_own_machine_are_noted_where_operators_are_sent_them(load_text: Load) -> None:
    token = {"SLACK_BOT_TOKEN": "x"}
    (note,) = local_links(load_text(PLACE, **token))
    assert "[server] public_url is not set" in note
    assert "http://127.0.0.1:8080" in note
    for text, environ in [("", token), (PLACE, {}), (PLACE, token | KEPT)]:
        assert [*local_links(load_text(text, **environ))] == []


READ = '[[email.mailboxes]]\naddress = "a@b.c"\noutbox = "o"\nimap = "imaps://a@b.c"\n'
CHECKED = "[email.listener]\nport = 25\ncheck_authenticity = true\n"


@pytest.mark.parametrize(
    ("text", "needing", "noted"),
    [
        (BOX, {"cancel"}, True),
        (BOX, set(), False),
        ("", {"cancel"}, False),
        (BOX + 'authserv_ids = ["mx.b.c"]\n', {"cancel"}, False),
        (BOX + CHECKED, {"cancel"}, False),
        (BOX + CHECKED.replace("port = 25\n", ""), {"cancel"}, True),
        (READ + CHECKED, {"cancel"}, True),
    ],
)
def test_mailbox_that_knows_no_sender_is_noted_where_tools_need_them(
    load_text: Load, text: str, needing: set[str], *, noted: bool
) -> None:
    found = [*unknown_senders(load_text(text), needing)]
    assert len(found) == noted
    assert all("a@b.c" in note and "refused cancel" in note for note in found)


@pytest.mark.parametrize(
    ("listener", "noted"),
    [
        ("port = 25\n", False),
        ('port = 25\npeers = ["127.0.0.1"]\n', False),
        ('port = 25\npeers = ["127.0.0.1", "10.0.0.5"]\n', True),
        ('port = 25\npeers = ["2001:db8::/32"]\n', True),
        ('port = 25\npeers = ["10.0.0.5"]\nmail_servers = ["10.0.0.0/8"]\n', False),
        ('port = 25\npeers = ["10.0.0.5"]\ncheck_authenticity = true\n', False),
        ('peers = ["10.0.0.5"]\n', False),
    ],
)
def test_server_that_is_not_believed_is_noted_where_it_may_hand_mail_in(
    load_text: Load, listener: str, *, noted: bool
) -> None:
    named = BOX + 'authserv_ids = ["mx.b.c"]\n'
    assert len([*unheard_servers(load_text(f"{named}[email.listener]\n{listener}"))]) == noted
    assert [*unheard_servers(load_text(f"{BOX}[email.listener]\n{listener}"))] == []

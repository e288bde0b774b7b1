from __future__ import annotations

from collections.abc import Callable

import pytest

from supportbot.app.mail_ways import mailbox_config
from supportbot.channels.email.connecting.token_endpoint import MICROSOFT_SCOPE
from supportbot.settings.tree import Settings

Load = Callable[..., Settings]
Problems = Callable[..., list[str]]

BOX = '[[email.mailboxes]]\naddress = "a@b.c"\noutbox = "o"\n'
OAUTH = f'{BOX}[email.mailboxes.oauth]\nclient_id = "1"\nrefresh_token_env = "T"\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f'{BOX}folders = ["INBOX", "INBOX.Junk"]\n', "leave INBOX.Junk out"),
        (f'{BOX}folders = ["Gesendete Elemente"]\n', "leave Gesendete Elemente out"),
        (f'{BOX}folders = ["a\\u0000b"]\n', "write the folder's name"),
        (f'{BOX}folders = ["A"]\nimap = "imaps://u@h/B"\n', "imap names a folder, and folders too"),
        (OAUTH, 'give provider = "google" or "microsoft", or a token_url'),
        (
            f'{OAUTH}provider = "google"\ntoken_url = "https://h/t"\n',
            'give provider = "google" or "microsoft", or a token_url',
        ),
        (f'{OAUTH}provider = "microsoft"\ntenant = "a/../b"\n', "tenant"),
        (
            OAUTH.replace("outbox", 'password_env = "P"\noutbox') + 'provider = "google"\n',
            "give oauth or password_env",
        ),
        ('[email.listener]\npeers = ["10.0.0.1/8"]\n', "'10.0.0.1/8' is no network"),
        ('[email.listener]\npeers = ["mx.example"]\n', "'mx.example' is no network"),
        ('[email.listener]\nprotocol = "esmtp"\n', "email.listener.protocol"),
    ],
)
def test_what_cannot_work_is_refused_with_its_place(
    problems_of: Problems, text: str, problem: str
) -> None:
    (found,) = problems_of(text)
    assert problem in found
    assert found.startswith("supportbot.toml:")


@pytest.mark.parametrize(
    ("provider", "url", "scope"),
    [
        ('provider = "google"', "https://oauth2.googleapis.com/token", ""),
        (
            'provider = "microsoft"\ntenant = "example.com"',
            "https://login.microsoftonline.com/example.com/oauth2/v2.0/token",
            MICROSOFT_SCOPE,
        ),
        (
            'token_url = "https://id.example/token"\nscope = "mail"',
            "https://id.example/token",
            "mail",
        ),
    ],
)
def test_a_provider_stands_for_its_server_and_scope(
    load_text: Load, provider: str, url: str, scope: str
) -> None:
    settings = load_text(f"{OAUTH}{provider}\n", T="token")
    grant = mailbox_config(settings, settings.email.mailboxes[0], "secret").oauth
    assert grant is not None
    assert (grant.token_url, grant.scope, grant.refresh_token) == (url, scope, "token")
    assert "token" not in repr(grant).replace("token_url", "").replace("/token", "")

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from supportbot.settings.table import Setting, describe
from supportbot.settings.tree import Settings

Load = Callable[..., Settings]
Problems = Callable[..., list[str]]

BOX = '[[email.mailboxes]]\naddress = "a@b.c"\noutbox = "o"\npassword_env = "SUPPORTBOT_BOX"\n'


def test_a_variable_is_stronger_than_the_file(load_text: Load) -> None:
    settings = load_text("[server]\nport = 1\nhost = 'h'\n", SUPPORTBOT_PORT="2")
    assert (settings.server.port, settings.server.host) == (2, "h")


def test_our_own_name_is_stronger_than_a_vendor_name(load_text: Load) -> None:
    settings = load_text(
        OPENAI_BASE_URL="http://vendor", SUPPORTBOT_MODEL_BASE_URL="http://ours", OPENAI_API_KEY="k"
    )
    assert settings.model.base_url == "http://ours"


def test_an_empty_variable_is_none(load_text: Load) -> None:
    assert load_text(SUPPORTBOT_PORT="", OPENAI_API_KEY="").server.port == 8080


def test_lists_are_divided_by_commas(load_text: Load) -> None:
    assert load_text(SUPPORTBOT_SLACK_OPERATORS="U1, W2,").slack.operators == ("U1", "W2")


def test_a_wrong_variable_is_named_and_no_line_of_the_file(problems_of: Problems) -> None:
    assert problems_of(
        "[server]\nport = 1\n", SUPPORTBOT_PORT="x", SUPPORTBOT_WEB_PRODUCTS="a b"
    ) == [
        "SUPPORTBOT_PORT: input should be a valid integer, unable to parse string as an integer",
        (
            "SUPPORTBOT_WEB_PRODUCTS: a product is named like its file: "
            "policies/products/hosting.md is hosting"
        ),
    ]


def test_a_value_may_come_from_a_file(load_text: Load, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-1\n")
    key = load_text(OPENAI_API_KEY_FILE=str(tmp_path / "key")).model.api_key
    assert key is not None
    assert key.get_secret_value() == "sk-1"


def test_white_space_around_a_value_is_no_part_of_it(load_text: Load) -> None:
    settings = load_text(
        SLACK_BOT_TOKEN=" xoxb-1\r\n", SLACK_APP_TOKEN=" \n", SUPPORTBOT_PORT="81 "
    )
    assert settings.slack.bot_token is not None
    assert settings.slack.bot_token.get_secret_value() == "xoxb-1"
    assert settings.slack.app_token is None
    assert settings.server.port == 81


def test_a_secret_with_something_invisible_in_it_is_refused(problems_of: Problems) -> None:
    for variable, text in (("SLACK_BOT_TOKEN", ""), ("SUPPORTBOT_BOX", BOX)):
        (problem,) = problems_of(text, **{variable: "xoxb-R0SE\nBUD"})
        assert problem.startswith(f"{variable}: holds a line break")
        assert "R0SE" not in problem


def test_a_value_and_its_file_contradict(problems_of: Problems) -> None:
    assert problems_of(SLACK_BOT_TOKEN="x", SLACK_BOT_TOKEN_FILE="y") == [
        "SLACK_BOT_TOKEN and SLACK_BOT_TOKEN_FILE are both set; keep one"
    ]


def test_a_value_file_that_is_not_there_is_named(problems_of: Problems) -> None:
    (problem,) = problems_of(SUPPORTBOT_PORT_FILE="/does/not/exist")
    assert problem.startswith("SUPPORTBOT_PORT_FILE: /does/not/exist cannot be read")


def test_config_and_foreign_variables_are_left_alone(load_text: Load) -> None:
    load_text(SUPPORTBOT_CONFIG="/somewhere", SLACK_SCOPES="1", PATH="/bin")


def test_a_mail_password_comes_from_the_variable_the_file_names(load_text: Load) -> None:
    (box,) = load_text(BOX, SUPPORTBOT_BOX="hush").email.mailboxes
    assert box.password is not None
    assert box.password.get_secret_value() == "hush"


def test_a_mail_password_may_come_from_a_file(load_text: Load, tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("hush\n")
    (box,) = load_text(BOX, SUPPORTBOT_BOX_FILE=str(tmp_path / "pw")).email.mailboxes
    assert box.password is not None
    assert box.password.get_secret_value() == "hush"


OAUTH = (
    '[[email.mailboxes]]\naddress = "a@b.c"\noutbox = "o"\n[email.mailboxes.oauth]\n'
    'provider = "google"\nclient_id = "1"\nrefresh_token_env = "BOX_TOKEN"\n'
)


def test_the_tokens_of_a_mailbox_come_from_variables_only(
    load_text: Load, problems_of: Problems
) -> None:
    (box,) = load_text(OAUTH, BOX_TOKEN="hush").email.mailboxes
    assert box.oauth is not None
    assert box.oauth.refresh_token is not None
    assert box.oauth.refresh_token.get_secret_value() == "hush"
    assert "hush" not in repr(box)
    assert problems_of(f'{OAUTH}refresh_token = "hush"\n') == [
        (
            "supportbot.toml:8: email.mailboxes[0].oauth.refresh_token: a secret never stands in "
            "the file; name its variable in refresh_token_env instead"
        )
    ]


SAMPLES = {
    "secret.token_key": f"{'A' * 43}=",
    "slack.operators_team": "T0123",
    "slack.workspaces": "T0123",
    "model.attempts": "2",
    "model.base_url": "http://h",
    "model.cheaper.base_url": "http://h",
    "model.larger.base_url": "http://h",
    "model.vision": "true",
    "model.cheaper.vision": "true",
    "model.larger.vision": "true",
    "email.listener.peers": "192.0.2.0/24",
    "files.images": "7",
    "files.per_message": "7",
    "budget.cheaper_model_percent": "80",
    "budget.draft_percent": "90",
    "server.public_url": "http://h",
    "slack.api_url": "http://h/",
    "slack.operators": "U1",
    "email.listener.mail_servers": "10.0.0.5",
    "email.listener.check_authenticity": "true",
    "slack.operators_channel": "C1",
    "reports.timezone": "Europe/Berlin",
    "secret.key": "0123456789abcdef",
}


@pytest.mark.parametrize("setting", [s for s in describe() if s.env], ids=lambda s: s.name)
def test_every_variable_reaches_its_setting(load_text: Load, setting: Setting) -> None:
    sample = SAMPLES.get(setting.name) or {
        "whole number": "2345",
        "number": "3",
        "true or false": "false",
        "list of text": "x",
        '"smtp" or "lmtp"': "lmtp",
        '"system" or "developer"': "developer",
        '"socket" or "http"': "http",
        '"operators" or "anyone"': "anyone",
    }.get(setting.type, "x")
    for variable in setting.env:
        environ = {"OPENAI_API_KEY": "k", variable: sample}
        before: object = load_text(OPENAI_API_KEY="k")
        after: object = load_text(**environ)
        for key in setting.path:
            before, after = getattr(before, key), getattr(after, key)
        assert after != before


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("SUPPORTBOT_PROT", "did you mean SUPPORTBOT_PORT?"),
        ("SUPPORTBOT_TICKETS_PARALEL", "did you mean SUPPORTBOT_TICKETS_PARALLEL?"),
        ("SUPPORTBOT_BUGET", "docs/reference/settings.md lists them"),
    ],
)
def test_a_hint_looks_at_what_tells_names_apart(
    problems_of: Problems, name: str, told: str
) -> None:
    assert problems_of(**{name: "1"}) == [f"{name}: there is no such variable; {told}"]


def test_a_short_secret_is_told_in_characters(problems_of: Problems) -> None:
    (problem,) = problems_of(SUPPORTBOT_SECRET_KEY="short")
    assert problem == "SUPPORTBOT_SECRET_KEY: needs 16 characters or more, has 5"

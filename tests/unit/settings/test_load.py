from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from supportbot.errors import ConfigError, SettingsError
from supportbot.settings.load import SettingsProblems, examine, load
from supportbot.settings.models import DEFAULT_MODEL
from supportbot.settings.tree import Settings

Load = Callable[..., Settings]
Problems = Callable[..., list[str]]

MAILBOX = '[[email.mailboxes]]\naddress = "Help@Example.com"\nimap = "imaps://help@mx:993"\n'


def test_an_empty_file_is_a_whole_bot(load_text: Load, tmp_path: Path) -> None:
    settings = load_text()
    assert settings.folder == tmp_path
    assert settings.model.chosen is None
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8080)
    assert settings.database.url == f"sqlite:///{tmp_path}/supportbot.db"


def test_a_file_may_be_named_instead_of_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text("[server]\nport = 1234\n")
    settings = load(file, {})
    assert (settings.server.port, settings.folder) == (1234, tmp_path)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///data/bot.db", "sqlite:///{}/data/bot.db"),
        ("sqlite:////var/bot.db", "sqlite:////var/bot.db"),
        ("postgresql://bot@db/bot", "postgresql://bot@db/bot"),
    ],
)
def test_database_path_starts_at_the_bot_folder(
    load_text: Load, tmp_path: Path, url: str, expected: str
) -> None:
    settings = load_text(f'[database]\nurl = "{url}"\n')
    assert settings.database.url == expected.format(tmp_path)


def test_outbox_path_starts_at_the_bot_folder(load_text: Load, tmp_path: Path) -> None:
    settings = load_text(f'{MAILBOX}outbox = "out"\n')
    assert settings.email.mailboxes[0].outbox == tmp_path / "out"


def test_addresses_are_lower_case(load_text: Load) -> None:
    assert load_text(f'{MAILBOX}outbox = "o"').email.mailboxes[0].address == "help@example.com"


def test_all_problems_are_told_at_once_in_the_order_of_the_file(problems_of: Problems) -> None:
    text = '[modle]\n[server]\nport = 70000\n[slack]\nmod = "http"\n[reports]\ntimezone = "Mars"\n'
    assert problems_of(text, SUPPORTBOT_PROT="1") == [
        "supportbot.toml:1: modle: there is no such setting; did you mean 'model'?",
        "supportbot.toml:3: server.port: input should be less than or equal to 65535",
        "supportbot.toml:5: slack.mod: there is no such setting; did you mean 'mode'?",
        "supportbot.toml:7: reports.timezone: use an IANA name such as Europe/Berlin",
        "SUPPORTBOT_PROT: there is no such variable; did you mean SUPPORTBOT_PORT?",
    ]


def test_problems_carry_file_and_line(load_text: Load, tmp_path: Path) -> None:
    with pytest.raises(SettingsProblems) as caught:
        load_text("\n\nbogus = 1\n")
    (problem,) = caught.value.problems
    assert isinstance(caught.value, ConfigError)
    assert isinstance(problem, SettingsError)
    assert (problem.path, problem.line) == (tmp_path / "supportbot.toml", 3)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a = 1\nb =\n", "supportbot.toml:2: not valid TOML: Invalid value"),
        ("[t]\n[t]\n", "supportbot.toml:2: not valid TOML: Cannot declare ('t',) twice"),
        ('a = """\nb\n', "supportbot.toml:2: not valid TOML: Unterminated string"),
    ],
)
def test_malformed_toml_names_the_line(problems_of: Problems, text: str, problem: str) -> None:
    assert problems_of(text) == [problem]


def test_a_file_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "supportbot.toml").write_bytes(b"a = 1\n# caf\xe9\n")
    with pytest.raises(SettingsProblems, match=r"supportbot\.toml:2: this line is not UTF-8"):
        load(tmp_path, {})


def test_a_missing_file_names_the_cure(tmp_path: Path) -> None:
    with pytest.raises(SettingsProblems, match="supportbot init"):
        load(tmp_path, {})


def test_a_value_where_a_table_belongs(problems_of: Problems) -> None:
    (problem,) = problems_of("model = 3\n", SUPPORTBOT_MODEL_NAME="m")
    assert problem.startswith("supportbot.toml:1: model: is a table: write [model]")


def test_folder_is_no_setting(problems_of: Problems) -> None:
    (problem,) = problems_of('folder = "/"\n')
    assert problem.startswith("supportbot.toml:1: folder: there is no such setting")


@pytest.mark.parametrize(
    ("key", "variable"),
    [
        ("[model]\napi_key", "set OPENAI_API_KEY"),
        ("[slack]\nbot_token", "set SLACK_BOT_TOKEN"),
        ("[secret]\nkey", "set SUPPORTBOT_SECRET_KEY"),
        (f'{MAILBOX}outbox = "o"\npassword', "name its variable in password_env"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_shown(
    problems_of: Problems, key: str, variable: str
) -> None:
    (problem,) = problems_of(f'{key} = "hush-hush-hush-hush"\n')
    assert variable in problem
    assert "hush" not in problem


def test_a_password_inside_a_url_is_refused(problems_of: Problems) -> None:
    (problem,) = problems_of(
        '[[email.mailboxes]]\naddress = "a@b.c"\nimap = "imaps://u:hush@h"\noutbox = "o"'
    )
    assert problem.startswith("supportbot.toml:3: email.mailboxes[0].imap: a password")
    assert "hush" not in problem


def test_a_mailbox_without_address_is_named_by_its_line(problems_of: Problems) -> None:
    assert problems_of('[[email.mailboxes]]\noutbox = "o"\n') == [
        "supportbot.toml:1: email.mailboxes[0].address: is required"
    ]


@pytest.mark.parametrize("ways_out", ["", 'smtp = "smtp://h"\noutbox = "o"\n'])
def test_a_mailbox_has_one_way_out(problems_of: Problems, ways_out: str) -> None:
    (problem,) = problems_of(MAILBOX + ways_out)
    assert "smtp or outbox" in problem


def test_an_address_stands_once(problems_of: Problems) -> None:
    box = '[[email.mailboxes]]\naddress = "a@b.c"\noutbox = "o"\n'
    (problem,) = problems_of(box + box)
    assert "a@b.c stands in more than one place" in problem


@pytest.mark.parametrize("bad", ['general = "hosting"', 'C0123 = "Not A Product"'])
def test_slack_channels_are_ids_of_channels_to_ids_of_products(
    problems_of: Problems, bad: str
) -> None:
    (problem,) = problems_of(f"[slack.channels]\n{bad}\n")
    assert problem.startswith("supportbot.toml:2: slack.channels.")


def test_customers_are_not_served_in_the_operators_channel(
    load_text: Load, problems_of: Problems
) -> None:
    slack = '[slack]\noperators_channel = "C1"\n[slack.channels]\nC2 = "retail"\n'
    assert load_text(slack).slack.operators_channel == "C1"
    (problem,) = problems_of(f'{slack}C1 = "hosting"\n')
    assert "supportbot.toml:2" in problem
    assert "it stands in [slack.channels] too; remove it there" in problem


def test_slack_channel_is_a_product_or_a_table(load_text: Load) -> None:
    channels = load_text(
        '[slack.channels]\nC1 = "hosting"\n'
        '[slack.channels.C2]\nlisten = "all"\ngroups = ["S1"]\nbots = true\n'
    ).slack.channels
    short, long = channels["C1"], channels["C2"]
    assert (short.product, short.listen, short.groups, short.bots) == (
        "hosting",
        "mentions",
        (),
        False,
    )
    assert (long.product, long.listen, long.groups, long.bots) == (None, "all", ("S1",), True)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ('listen = "some"', "slack.channels.C1.listen: input should be 'mentions' or 'all'"),
        ('groups = ["U1"]', "slack.channels.C1.groups[0]: use the id of a user group"),
        ('bots = "often"', "slack.channels.C1.bots: input should be a valid boolean"),
        ('lisen = "all"', "slack.channels.C1.lisen: there is no such setting; did you mean 'list"),
    ],
)
def test_slack_channel_table_names_what_is_wrong_in_it(
    problems_of: Problems, wrong: str, problem: str
) -> None:
    (found,) = problems_of(f'[slack.channels.C1]\nproduct = "hosting"\n{wrong}\n')
    assert found.startswith(f"supportbot.toml:3: {problem}")


@pytest.mark.parametrize(
    ("environ", "chosen"),
    [
        ({}, None),
        ({"OPENAI_API_KEY": "k"}, DEFAULT_MODEL),
        ({"OPENAI_API_KEY": "k", "SUPPORTBOT_MODEL_NAME": "m"}, "m"),
        ({"OPENAI_BASE_URL": "http://h/v1", "SUPPORTBOT_MODEL_NAME": "m"}, "m"),
        ({"OPENAI_BASE_URL": "http://h/v1", "OPENAI_API_KEY": "k"}, DEFAULT_MODEL),
        ({"SUPPORTBOT_MODEL_NAME": "m"}, None),
    ],
)
def test_model_choice(load_text: Load, environ: dict[str, str], chosen: str | None) -> None:
    assert load_text(**environ).model.chosen == chosen


def test_a_base_url_without_key_needs_a_model(problems_of: Problems) -> None:
    (problem,) = problems_of('[model]\nbase_url = "http://127.0.0.1:1/v1"\n')
    assert problem.startswith("supportbot.toml:1: model: base_url without a key needs a name")


def test_secrets_are_never_shown(load_text: Load) -> None:
    settings = load_text(
        OPENAI_API_KEY="hush",
        SLACK_BOT_TOKEN="hush",
        SUPPORTBOT_DATABASE_URL="postgresql://u:hush@h/d",
    )
    assert "hush" not in repr(settings)


def test_examine_keeps_what_is_usable(tmp_path: Path) -> None:
    (tmp_path / "supportbot.toml").write_text(
        "[server]\nport = 'x'\nhost = '::1'\n"
        "[model]\nbase_url = 'http://h'\n[tickets]\nparallel = 3\n"
    )
    settings, problems = examine(tmp_path, {})
    assert settings is not None
    assert len(problems) == 2
    assert (settings.server.host, settings.server.port) == ("::1", 8080)
    assert settings.tickets.parallel == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("slack = 3", "slack: is a table: write [slack] and its keys below it"),
        ('slack.channels = "C1"', "slack.channels: is a table: write [slack.channels] and"),
        ('slack.channels.C1 = ["a"]', "slack.channels.C1: is a table: write [slack.channels.C1]"),
        ('slack.operators = "U1"', 'slack.operators: is a list: write operators = ["..."]'),
        (
            'slack.channels.C1.groups = "S1"',
            "slack.channels.C1.groups: is a list: write groups = [",
        ),
        ('email.mailboxes = "a@b.c"', "email.mailboxes: is a list of tables: write [[email.mail"),
        ('slack.prompts = ["a"]', "slack.prompts[0]: is a list of tables: write [[slack.prompts]]"),
        (
            '[[slack.prompts]]\ntitle = "a"\nmessage = "b"\n' * 102,
            "slack.prompts: holds 102, but may hold 100; remove some",
        ),
    ],
)
def test_tables_and_lists_of_another_form_are_told_how_they_are_written(
    problems_of: Problems, text: str, said: str
) -> None:
    (problem,) = problems_of(text)
    assert problem.startswith(f"supportbot.toml:1: {said}")

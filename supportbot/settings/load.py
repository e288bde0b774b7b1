"""Read supportbot.toml and the environment into the tree; every problem is found in one pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from supportbot.errors import ConfigError, SettingsError
from supportbot.settings import toml_lines
from supportbot.settings.environment import Given, read_environment, read_secret
from supportbot.settings.mail import ListenerSettings, MailOAuthSettings
from supportbot.settings.models import ModelSettings
from supportbot.settings.source import Source, occurrences, prune, read_file, value_at
from supportbot.settings.table import describe, section_at
from supportbot.settings.tree import Settings

FILE_NAME = "supportbot.toml"

_SQLITE = "sqlite:///"
#: Values, then rules between values, then the tables around them.
_ROUNDS = 4

#: What pydantic says of a short `SecretStr`; of lists it says "List" or "Tuple".
_SHORT_SECRET = re.compile(r"Value should have at least (\d+) items? after validation, not (\d+)")
#: What pydantic says of a list that holds too much.
_LONG_LIST = re.compile(
    r"(?:List|Tuple) should have at most (\d+) items? after validation, not (\d+)"
)


class SettingsProblems(ConfigError):
    """Everything that is wrong with the settings, one line each. `problems` has them apart."""

    def __init__(self, problems: tuple[SettingsError, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


def load(folder_or_file: Path, environ: Mapping[str, str]) -> Settings:
    """Read the settings of a bot folder (or of one TOML file, whose folder is then the bot's).

    A variable is stronger than the file. Reads files, changes nothing.

    Raises:
        SettingsProblems: all that is wrong, at once.
    """
    settings, problems = examine(folder_or_file, environ)
    if problems or settings is None:
        raise SettingsProblems(problems)
    return settings


def examine(
    folder_or_file: Path, environ: Mapping[str, str]
) -> tuple[Settings | None, tuple[SettingsError, ...]]:
    """Read like `load`, but give back what is usable together with every problem.

    Wrong values are left out (their defaults stand in), so that further checks can go on; None
    where nothing usable remains.
    """
    file = folder_or_file / FILE_NAME if folder_or_file.is_dir() else folder_or_file
    try:
        source = read_file(file)
    except SettingsError as problem:
        return None, (problem,)
    problems = list(_take_secrets_out(source))
    given, wrong = read_environment(environ, also_known=tuple(_named_variables(source.values)))
    for value in given:
        _put(source, value)
    settings, invalid = _validate(source)
    problems = sorted([*problems, *invalid], key=lambda problem: problem.line or 0)
    problems += wrong
    if settings is None:
        return None, tuple(problems)
    settings, unread = _finish(settings, source, environ)
    return settings, (*problems, *unread)


def _take_secrets_out(source: Source) -> Iterator[SettingsError]:
    """Refuse secrets in the file: it is made to be shared and committed."""
    for setting in describe():
        if not setting.is_secret:
            continue
        naming = f"name its variable in {setting.path[-1]}_env"
        cure = f"set {setting.env[-1]}" if setting.env else naming
        for path in occurrences(source.values, setting.path):
            prune(source.values, path)
            yield source.problem(path, f"a secret never stands in the file; {cure} instead")


def _named_variables(values: dict[str, Any]) -> Iterator[str]:
    """Yield the variables that the file names as holders of a secret."""
    for setting in describe():
        if setting.path[-1].endswith("_env"):
            for path in occurrences(values, setting.path):
                yield str(value_at(values, path))


def _put(source: Source, given: Given) -> None:
    table: Any = source.values
    for key in given.setting.path[:-1]:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            return  # the file holds something else here, which validation reports
    table[given.setting.path[-1]] = given.value
    source.variables[given.setting.path] = given.variable


def _validate(source: Source) -> tuple[Settings | None, list[SettingsError]]:
    """Validate; after errors again without what was wrong, so that the rest can be used.

    Only the first round is reported: what later rounds find missing was taken out by us.
    """
    problems: list[SettingsError] = []
    # Not a setting, so a key of this name in the file must be refused like any unknown one.
    if source.values.pop("folder", None) is not None:
        problems.append(_unknown_key(source, ("folder",)))
    for attempt in range(_ROUNDS):
        try:
            return Settings(folder=source.file.parent, **source.values), problems
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=False, include_input=False)
        if attempt == 0:
            problems += [_explain(source, detail) for detail in details]
        for detail in reversed(details):  # the last element first: indexes stay right
            prune(source.values, _culprit(detail))
    return None, problems


def _explain(source: Source, detail: ErrorDetails) -> SettingsError:
    path = _clean(detail["loc"])
    match detail["type"]:
        case "extra_forbidden":
            return _unknown_key(source, path)
        case "missing":
            return source.problem(path, "is required")
        case "model_type" | "dict_type" | "tuple_type" as kind:
            return source.problem(path, _form(path, is_list=kind == "tuple_type"))
        case "too_long" if found := _LONG_LIST.match(detail["msg"]):
            return source.problem(path, f"holds {found[2]}, but may hold {found[1]}; remove some")
        case "too_short" if found := _SHORT_SECRET.fullmatch(detail["msg"]):
            return source.problem(path, f"needs {found[1]} characters or more, has {found[2]}")
        case _:
            message = detail["msg"].removeprefix("Value error, ")
            return source.problem(path, message[:1].lower() + message[1:])


def _form(path: toml_lines.Path, *, is_list: bool) -> str:
    """Say how a table or a list is written that was given as something else."""
    keys = [str(part) for part in path if isinstance(part, str)]
    name = ".".join(keys)
    if is_list and section_at(tuple(keys)) is None:
        return f'is a list: write {keys[-1]} = ["..."]'
    if is_list or len(keys) < len(path):
        return f"is a list of tables: write [[{name}]] and the keys of one below it"
    return f"is a table: write [{name}] and its keys below it"


def _unknown_key(source: Source, path: toml_lines.Path) -> SettingsError:
    section = section_at(path[:-1])
    known = section.model_fields if section else {}
    names = sorted(name for name in known if name != "folder" and f"{name}_env" not in known)
    close = get_close_matches(str(path[-1]), names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(names)}"
    return source.problem(path, f"there is no such setting; {hint}")


def _clean(location: tuple[str | int, ...]) -> toml_lines.Path:
    """Drop what pydantic adds to the location of a wrong key of a mapping."""
    return tuple(part for part in location if part != "[key]")


def _culprit(detail: ErrorDetails) -> toml_lines.Path:
    path = _clean(detail["loc"])
    return path[:-1] if detail["type"] == "missing" else path


def _finish(
    settings: Settings, source: Source, environ: Mapping[str, str]
) -> tuple[Settings, list[SettingsError]]:
    """Resolve relative paths against the bot folder and fetch the secrets that it names."""
    folder = source.file.parent.resolve()
    problems: list[SettingsError] = []

    def secret(variable: str | None) -> SecretStr | None:
        try:
            value = read_secret(variable, environ) if variable else None
        except SettingsError as problem:
            problems.append(problem)
            return None
        return SecretStr(value) if value else None

    boxes = tuple(
        box.model_copy(
            update={
                "password": secret(box.password_env),
                "outbox": folder / box.outbox if box.outbox else None,
                "oauth": _with_tokens(box.oauth, secret) if box.oauth else None,
            }
        )
        for box in settings.email.mailboxes
    )
    listener = _anchored(settings.email.listener, folder)
    email = settings.email.model_copy(update={"mailboxes": boxes, "listener": listener})
    model = _with_keys(settings.model, secret)
    url = _absolute(settings.database.url, folder)
    database = settings.database.model_copy(update={"url": url})
    changes = {"folder": folder, "email": email, "database": database, "model": model}
    return settings.model_copy(update=changes), problems


def _anchored(listener: ListenerSettings, folder: Path) -> ListenerSettings:
    """Resolve the paths of the certificate against the bot folder."""
    files = ("certificate", "certificate_key")
    found = {name: folder / path for name in files if (path := getattr(listener, name))}
    return listener.model_copy(update=found)


def _with_tokens(
    oauth: MailOAuthSettings, secret: Callable[[str | None], SecretStr | None]
) -> MailOAuthSettings:
    """Fill in what a mailbox is signed in to by."""
    return oauth.model_copy(
        update={
            "client_secret": secret(oauth.client_secret_env),
            "refresh_token": secret(oauth.refresh_token_env),
        }
    )


def _with_keys(
    model: ModelSettings, secret: Callable[[str | None], SecretStr | None]
) -> ModelSettings:
    """Fill in the keys of the fallbacks."""
    fallbacks = tuple(
        other.model_copy(update={"api_key": secret(other.api_key_env)}) for other in model.fallbacks
    )
    return model.model_copy(update={"fallbacks": fallbacks})


def _absolute(url: str, folder: Path) -> str:
    """Anchor the path of a SQLite URL in the bot folder; `sqlite:////abs` and others stay."""
    if not url.startswith(_SQLITE):
        return url
    path, mark, options = url.removeprefix(_SQLITE).partition("?")
    return f"{_SQLITE}{folder / path}{mark}{options}"

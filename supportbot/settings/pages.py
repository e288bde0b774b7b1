"""The pages that describe the settings, rendered from the tree so that they cannot rot.

`deploy/env.example` and `docs/reference/settings.md` equal these texts; a test compares them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from inspect import cleandoc
from itertools import groupby
from pathlib import Path
from textwrap import wrap

from supportbot.settings.table import CONFIG_VARIABLE, Setting, describe, section_at

_WIDTH = 100

_ENV_HEAD = f"""\
# Every variable supportbot reads. Uncomment what you need in a copy, and keep that private: .env
# beside compose.yaml for Docker, /etc/supportbot/env for systemd. supportbot itself opens neither.
# A variable is stronger than supportbot.toml. NAME_FILE names a file that holds the value.
# Lists are divided by commas. Passwords of mailboxes go by the names that password_env gives them.

# The bot folder or its supportbot.toml; else the folder where the command is typed.
#{CONFIG_VARIABLE}=
"""

_PAGE_HEAD = """\
# Settings

<!-- Generated from supportbot/settings/tree.py by `make docs`; edits here are lost. -->

Settings stand in `supportbot.toml` of the bot folder, or in the environment, which is stronger.
Secrets stand in the environment only. Each variable may also be given as `<NAME>_FILE`, the name
of a file that holds the value. Where a setting has two variables, the first is the stronger one.
Lists in variables are divided by commas. Unknown keys and unknown `SUPPORTBOT_` variables are
refused; `supportbot check` prints all problems at once.

`SUPPORTBOT_CONFIG` names the bot folder or its `supportbot.toml`; else it is the folder where the
command is typed.
"""


def write_pages(root: Path) -> list[Path]:
    """Write both pages into a checkout; return their paths. Safe to repeat."""
    pages = {
        root / "deploy" / "env.example": render_env_example(),
        root / "docs" / "reference" / "settings.md": render_settings_page(),
    }
    for path, text in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(pages)


def render_env_example() -> str:
    """Render `deploy/env.example`: every variable, commented out, with its default. Pure."""
    parts = [_ENV_HEAD]
    for section, settings in _sections():
        shown = [setting for setting in settings if setting.env]
        if shown:
            parts.append(f"\n# --- {section} ---\n")
            parts += (_env_entry(setting) for setting in shown)
    return "".join(parts)


def render_settings_page() -> str:
    """Render `docs/reference/settings.md`: one table for each section. Pure."""
    return _PAGE_HEAD + "".join(
        "\n".join(_page_section(section, settings)) for section, settings in _sections()
    )


def _sections() -> Iterator[tuple[str, list[Setting]]]:
    """Group the settings by their TOML table header."""
    for path, settings in groupby(describe(), key=lambda setting: setting.path[:-1]):
        header = ".".join(path).replace("[].", ".")
        yield f"[[{header[:-2]}]]" if header.endswith("[]") else f"[{header}]", list(settings)


def _env_entry(setting: Setting) -> str:
    about = setting.description.replace("`", "")
    comment = wrap(f"{about} ({setting.type})", _WIDTH - 2, break_on_hyphens=False)
    return "".join(f"# {line}\n" for line in comment) + f"#{setting.env[-1]}={_plain(setting)}\n"


def _plain(setting: Setting) -> str:
    """Show a default as a variable's text."""
    match setting.default:
        case None:
            return ""
        case bool() as truth:
            return str(truth).lower()
        case tuple() as values:
            return ",".join(str(value) for value in values)
        case other:
            return str(other)


def _page_section(section: str, settings: list[Setting]) -> Iterable[str]:
    table = section_at(tuple(key.removesuffix("[]") for key in settings[0].path[:-1]))
    about = cleandoc(table.__doc__ or "") if table else ""
    yield f"\n## `{section}`\n"
    yield f"{about}\n"
    yield "| key | variables | kind | default | meaning |"
    yield "|---|---|---|---|---|"
    for setting in settings:
        variables = ", ".join(f"`{name}`" for name in setting.env)
        cells = (f"`{setting.path[-1]}`", variables, setting.type, _default(setting))
        yield f"| {' | '.join(cells)} | {setting.description} |"
    yield ""


def _default(setting: Setting) -> str:
    if setting.required:
        return "required"
    if setting.default in (None, (), {}):
        return ""
    return f"`{json.dumps(setting.default)}`"

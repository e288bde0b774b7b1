"""The page "Whom the bot does not answer", rendered from the rules so that it cannot rot.

`docs/reference/mail-rules.md` equals this text; a test compares them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from supportbot.channels.email.meaning.disposition import RULES

_HEAD: Final = """\
# Whom the bot does not answer by mail

<!-- Generated from supportbot/channels/email by `make docs`; edits here are lost. -->

Each mail is tried against these rules in this order. Every rule that hits is kept with the mail;
the first one that says what the mail is decides it. Any hit forbids an automatic answer. The mail
is taken in all the same: a person's mail waits for an operator (but for `before_cut_over`), machine
mail is filed to the ticket it belongs to or set aside.

`supportbot email inspect FILE` shows for any mail which rules hit, and what would be done.

| rule | hits when | the mail is |
|---|---|---|
"""
_PERSON: Final = "a person's"


def render_rules_page() -> str:
    """Render `docs/reference/mail-rules.md`. Pure."""
    return _HEAD + "".join(
        f"| `{rule.name}` | {rule.description} | "
        f"{_PERSON if rule.kind is None else rule.kind.value} |\n"
        for rule in RULES
    )


def write_rules_page(root: Path) -> Path:
    """Write the page into a checkout; return its path. Safe to repeat."""
    path = root / "docs" / "reference" / "mail-rules.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_rules_page(), encoding="utf-8")
    return path

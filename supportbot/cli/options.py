"""Options that many commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path,
    typer.Option(
        "--config", "-c", envvar="SUPPORTBOT_CONFIG", help="Bot folder or its supportbot.toml."
    ),
]


class Format(StrEnum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


OutputFormat = Annotated[Format, typer.Option("--format", "-f", help="How to print it.")]

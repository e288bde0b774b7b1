"""`supportbot report`: numbers for the support team."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from supportbot.cli.options import Config, Format, OutputFormat

app = typer.Typer(no_args_is_help=True)

#: The reports, each with what it is asked for.
NAMES = {
    "overview": "The headline numbers, each with its definition.",
    "volume": "What came in and what was resolved, day by day.",
    "outcomes": "How episodes ended: bot, human, handoffs by reason, reopenings.",
    "response-times": "How long customers waited, by bot and human: median, p90 and n.",
    "suppressed": "What arrived and was left unanswered on purpose, by reason.",
}

_Day = ["%Y-%m-%d"]
_First = Annotated[
    datetime | None,
    typer.Option("--from", formats=_Day, help="First day; else 30 days that end with the last."),
]
_Last = Annotated[
    datetime | None, typer.Option("--to", formats=_Day, help="Last day, included; else today.")
]
_Product = Annotated[str | None, typer.Option("--product", "-p", help="Product's id.")]
_Channel = Annotated[str | None, typer.Option("--channel", help="A channel's kind or its key.")]


def _command(name: str) -> Callable[..., None]:
    def report(
        first: _First = None,
        last: _Last = None,
        product: _Product = None,
        channel: _Channel = None,
        output: OutputFormat = Format.TABLE,
        config: Config = Path(),
    ) -> None:
        from supportbot.cli.report_view import Wanted, show

        if first and last and last < first:
            raise typer.BadParameter("--to is before --from")
        days = (first.date() if first else None, last.date() if last else None)
        wanted = Wanted(name, *days, product=product, channel=channel)
        asyncio.run(show(config, os.environ, wanted, output))

    return report


for _name, _help in NAMES.items():
    app.command(_name, help=_help)(_command(_name))

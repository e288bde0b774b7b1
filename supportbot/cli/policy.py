"""`supportbot policy`: what the files compile to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from supportbot.cli.options import Config

app = typer.Typer(no_args_is_help=True)


@app.command()
def render(
    product: Annotated[str, typer.Argument(help="Product's id.")], config: Config = Path()
) -> None:
    """Print the system message of a product exactly as a model reads it."""
    from supportbot.errors import NotFoundError
    from supportbot.policy.compile import compile_policies
    from supportbot.policy.load import load_policies

    compiled = compile_policies(load_policies(_folder(config)))
    policy = compiled.by_product.get(product)
    if policy is None:
        known = ", ".join(sorted(compiled.by_product)) or "none that is valid"
        raise NotFoundError(f"there is no product {product!r}; there are: {known}")
    typer.echo(policy.system)
    typer.echo(f"\n-- mode {policy.mode}, sha256 {policy.sha256}", err=True)


@app.command()
def check(config: Config = Path()) -> None:
    """Print all problems of the policy files, each with its line."""
    from supportbot.policy.compile import compile_policies
    from supportbot.policy.load import load_policies

    compiled = compile_policies(load_policies(_folder(config)))
    for problem in compiled.problems:
        typer.echo(str(problem))
    if compiled.problems:
        raise typer.Exit(1)
    for key, policy in sorted(compiled.by_product.items()):
        typer.echo(f"{key}: mode {policy.mode}, sha256 {policy.sha256}")


def _folder(config: Path) -> Path:
    return (config.parent if config.is_file() else config) / "policies"

"""`supportbot init DIR`: write a starter bot folder, and never over anything that is there."""

from __future__ import annotations

from pathlib import Path

import typer

from supportbot.errors import ConfigError

_STARTER = Path(__file__).parent / "starter"

_NEXT_STEPS = """\
Wrote {count} files to {folder}. Both products start in draft mode: no answer leaves by
itself; customers are only told when a person takes over.

Next:
  cd {folder}
  supportbot check
  supportbot ask --product hosting "How do I restore a backup?"
  supportbot run
"""


def write_starter(target: Path) -> list[Path]:
    """Copy the starter files into `target`, which is made if needed; return what was written.

    Raises:
        ConfigError: one of the files exists already (then nothing is written), or the folder
            cannot be written.
    """
    files = {
        target / source.relative_to(_STARTER): source
        for source in sorted(_STARTER.rglob("*"))
        if source.is_file() and "__pycache__" not in source.parts
    }
    for path in files:
        if path.exists() or path.is_symlink():
            raise ConfigError("exists already; nothing was written. Name a new folder", path=path)
    try:
        for path, source in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as new:  # x: not even a file that appeared just now is replaced
                new.write(source.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot be written ({error.strerror})", path=target) from error
    return list(files)


def init(
    directory: Path = typer.Argument(..., help="Folder to make or fill."),
) -> None:
    """Write a commented bot folder to start from: two products, policies, knowledge."""
    written = write_starter(directory)
    typer.echo(_NEXT_STEPS.format(count=len(written), folder=directory), nl=False)

"""`nofx config`: what `.github/nofx.yml` may say, and whether one says it rightly."""

import json
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.exits import Exit
from bot.cli.running import guarded
from bot.plain import visible
from bot.terminal import emit

config = typer.Typer(
    name="config",
    no_args_is_help=True,
    help="Look after a repository's own configuration, `.github/nofx.yml`.",
)


def schema() -> None:
    """Print the JSON Schema of the file, for editors.

    For example:

    ```
    nofx config schema > nofx.schema.json
    ```
    """
    from core.review.config import published_schema  # noqa: PLC0415  # help can spare it

    emit(json.dumps(published_schema(), indent=2) + "\n")


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Another file.")] = Path(
        ".github/nofx.yml"
    ),
) -> None:
    """Print what is wrong in the file as compilers do: FILE:LINE:COLUMN.

    Ends with 1 when there is an error. A key that is not known is a warning: reviews
    pass it over. What a review reads is the file on the base branch.

    For example:

    ```
    nofx config check
    nofx config check other/nofx.yml
    ```
    """
    from bot.pipeline.changes import read_file  # noqa: PLC0415  # help can spare it
    from core.review.config_reading import (  # noqa: PLC0415  # as above
        LARGEST,
        compiler_lines,
        read_config,
    )

    read = read_config(read_file(file, LARGEST))
    for line in compiler_lines(read.problems, str(file)):
        emit(f"{visible(line)}\n")
    if not read.problems:
        emit(f"{visible(str(file))}: nothing is wrong.\n")
    if read.broken:
        raise typer.Exit(Exit.FOUND)


for command in (schema, check):
    config.command()(guarded(command))

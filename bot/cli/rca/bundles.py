"""What every command of `nofx rca` shares: its arguments, and reading a bundle."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from core.rca.archive import Archive
    from core.rca.recorded import Recorded

Bundle = Annotated[
    Path, typer.Argument(help="A file that was downloaded.", metavar="BUNDLE")
]
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]
Url = Annotated[
    str | None,
    typer.Option(
        "--url", help="The service's address; else NOFX_URL, else the database."
    ),
]


def recorded(path: Path) -> "Recorded":
    """Read what a bundle recorded, after checking all of it."""
    from core.rca.archive import read_bundle  # noqa: PLC0415  # help can spare pydantic
    from core.rca.recorded import Recorded, told_by  # noqa: PLC0415  # as above

    return Recorded(read_bundle(path, keep=told_by))


def read(path: Path, keep: Callable[[str], bool]) -> "Archive":
    """Read a bundle, after checking all of it."""
    from core.rca.archive import read_bundle  # noqa: PLC0415  # as above

    return read_bundle(path, keep=keep)

"""`nofx rca diff`: what two bundles tell differently."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.exits import Exit
from bot.cli.rca.bundles import AsJson, Bundle, recorded


def diff(
    before: Bundle,
    after: Annotated[
        Path,
        typer.Argument(help="Another one, of the same run or not.", metavar="BUNDLE"),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Compare two bundles: how the runs came out, with what, and where they parted.

    Exit code 1 when something differs that is no noise. For example:

    ```
    nofx rca diff green.tar.gz failed.tar.gz
    ```
    """
    from bot.cli.rca import words  # noqa: PLC0415  # help can spare pydantic
    from bot.pipeline.state import DIFF_RULES  # noqa: PLC0415  # as above
    from core.rca.between import between  # noqa: PLC0415  # as above

    found = between(recorded(before), recorded(after), DIFF_RULES)
    if as_json:
        words.emit_json(words.between_facts(found))
    else:
        words.print_between(found)
    if not found.same:
        raise typer.Exit(Exit.FOUND)

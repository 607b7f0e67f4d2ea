"""`nofx demo`: a review on this machine, from webhook to comments."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.running import run
from bot.demo.wish import DemoWish


def demo(
    context: typer.Context,
    *,
    repo: Annotated[
        Path | None, typer.Option(help="Folder of a git repository; else this one.")
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="Commit or branch that the change starts from.")
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="Commit or branch that holds the change.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="End after the review was printed.")
    ] = False,
) -> None:
    """Show a whole review on this machine: no GitHub, no database, no model needed.

    For example:

    ```
    nofx demo
    nofx demo --repo ~/src/project --base main --head feature --once
    ```
    """
    wish = DemoWish(repo=repo, base=base, head=head, once=once)
    run(context, lambda service, settings: service.demo(settings, wish))

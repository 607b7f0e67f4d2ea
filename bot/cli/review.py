"""`nofx review`: reviews a change on this machine and posts nothing."""

import sys
from io import BufferedIOBase
from pathlib import Path
from typing import Annotated, cast

import typer

from bot.cli.choices import FailOn
from bot.cli.exits import Exit
from bot.cli.outputs import outputs_of
from bot.cli.running import run, working
from bot.formats.form import Format
from core.errors import OptionsError

STDIN = Path("-")


def review(  # noqa: PLR0913  # one argument an option
    context: typer.Context,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Post nothing. Required.")
    ] = False,
    repo: Annotated[
        Path | None, typer.Option(help="Folder of a git repository; else this one.")
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="Commit or branch that the change starts from.")
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="Commit or branch with the change; else HEAD.")
    ] = None,
    diff: Annotated[
        Path | None,
        typer.Option(help="File with a unified diff; - reads standard input."),
    ] = None,
    event: Annotated[
        Path | None,
        typer.Option(help="GitHub's pull_request payload; its commits are in --repo."),
    ] = None,
    form: Annotated[
        Format,
        typer.Option("--format", help="What is printed; github is for workflows."),
    ] = Format.TEXT,
    output: Annotated[
        list[str] | None,
        typer.Option(
            help="Write to this file instead of printing; FORMAT=FILE writes that form"
            " besides, as often as it is given."
        ),
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit with 1 on a finding this severe or worse.")
    ] = FailOn.ERROR,
) -> None:
    """Review a change on this machine, as the service would, and post nothing.

    Posting is the service's work (`nofx serve`), so --dry-run must be given. Settings
    come from the environment alone: a .env here may belong to the change. NOFX_MODEL
    names a model that reads the code; without it rules review. With --diff only the
    diff is known, not the files around it.

    For example:

    ```
    nofx review --dry-run --base main
    git diff | nofx review --dry-run --diff -
    nofx review --dry-run --event "$GITHUB_EVENT_PATH" --format github
    nofx review --dry-run --base main --format sarif --output nofx.sarif
    nofx review --dry-run --base main --output sarif=nofx.sarif --output json=nofx.json
    ```
    """
    _check_options(
        dry_run=dry_run, repo=repo, base=base, head=head, diff=diff, event=event
    )
    from bot.cli import reviewing  # noqa: PLC0415  # help must not wait for it

    outputs = outputs_of(output or (), form)
    source = reviewing.Source(
        repo=repo or Path(),
        base=base,
        head=head or "HEAD",
        diff=None if diff is None else _diff(diff),
        diff_name="standard input" if diff == STDIN else str(diff),
        event=event,
    )
    with working("Reviewing"):
        change, report = run(
            context,
            lambda service, settings: reviewing.review(service, settings, source),
            env_file=None,
        )
    reviewing.publish(report, change.diff, outputs)
    if reviewing.reaches(report, fail_on):
        raise typer.Exit(Exit.FOUND)


def _check_options(
    *,
    dry_run: bool,
    repo: Path | None,
    base: str | None,
    head: str | None,
    diff: Path | None,
    event: Path | None,
) -> None:
    """Raise OptionsError unless the options name exactly one change."""
    given = [name for name in (base, diff, event) if name is not None]
    reason = None
    if not dry_run:
        reason = "Posting is the service's work (nofx serve); here give --dry-run."
    elif len(given) != 1:
        reason = "Say what to review: one of --base REF, --diff FILE or --event FILE."
    elif head is not None and base is None:
        reason = "--head goes together with --base."
    elif repo is not None and diff is not None:
        reason = "--diff needs no --repo: the diff alone is read."
    if reason:
        raise OptionsError(reason=reason, command="review")


def _diff(path: Path) -> bytes:
    """Return the diff's bytes, read before the event loop so that Ctrl-C works."""
    from bot.pipeline.changes import read_diff  # noqa: PLC0415  # as above

    return read_diff(None if path == STDIN else path, _stdin)


def _stdin() -> BufferedIOBase:
    """Return standard input as bytes; Python always wraps it in a buffer."""
    return cast("BufferedIOBase", sys.stdin.buffer)

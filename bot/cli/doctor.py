"""`nofx doctor`: checks everything, and says how to mend it."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.choices import ListFormat
from bot.cli.exits import Exit
from bot.cli.running import run, working
from bot.plain import one_line
from bot.terminal import emit
from core.errors import SettingsError

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.doctor.results import CheckResult


def doctor(
    context: typer.Context,
    *,
    form: Annotated[
        ListFormat, typer.Option("--format", help="json is for machines.")
    ] = ListFormat.TEXT,
    ask: Annotated[
        bool,
        typer.Option("--ask", help="Put one tiny question to the language model."),
    ] = False,
) -> None:
    """Check settings, git, database, session memory, GitHub App, model and sandbox.

    Each line says ok, warn or fail, and how to mend it; exit code 3 if one fails.

    For example:

    ```
    nofx doctor
    nofx doctor --format json
    nofx doctor --ask
    ```
    """
    try:
        with working("Looking at everything"):
            results = run(
                context, lambda service, settings: service.doctor(settings, ask=ask)
            )
    except SettingsError as error:
        results = (_unusable(error),)
    emit(_as_json(results) if form is ListFormat.JSON else _as_text(results))
    if any(result.state == "fail" for result in results):
        raise typer.Exit(Exit.AWAY)


def _unusable(error: SettingsError) -> "CheckResult":
    """Return settings that cannot be read as the one check that could be made."""
    from bot.doctor.results import CheckResult, State  # noqa: PLC0415  # for --help

    return CheckResult(
        name="settings", state=State.FAIL, detail=str(error), mend=error.way_out
    )


def _as_text(results: "Sequence[CheckResult]") -> str:
    """Return one line a check, with the cure under it."""
    lines = []
    for result in results:
        lines.append(f"{result.state:<5}{result.name}: {one_line(result.detail)}")
        if result.mend:
            lines.append(f"     {one_line(result.mend)}")
    return "".join(f"{line}\n" for line in lines)


def _as_json(results: "Sequence[CheckResult]") -> str:
    """Return a list of objects with name, state, detail and mend."""
    return json.dumps([asdict(result) for result in results], indent=2) + "\n"

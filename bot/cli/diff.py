"""`nofx diff`: what differs between two checkpoints, or between two runs."""

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.choices import DiffFormat
from bot.cli.exits import Exit
from bot.cli.running import run
from bot.terminal import emit
from core.errors import OptionsError

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from bot.base import Base
    from core.checkpoints.diff.comparison import Comparison, RunComparison

RUN, CHECKPOINT = "run_", "cp_"
PARENT = "parent"


def diff(  # one argument an option
    context: typer.Context,
    run_id: Annotated[
        str, typer.Argument(help="The run; of two, the earlier.", metavar="RUN")
    ],
    other: Annotated[
        str,
        typer.Argument(
            help="A checkpoint of the run, or a second run.", metavar="CHECKPOINT|RUN"
        ),
    ],
    *,
    against: Annotated[
        str,
        typer.Option(help="parent, last_green, a checkpoint, or RUN:CHECKPOINT."),
    ] = PARENT,
    form: Annotated[DiffFormat, typer.Option("--format")] = DiffFormat.TEXT,
    noise: Annotated[
        bool,
        typer.Option("--noise", help="Show, and count, what differs without meaning."),
    ] = False,
) -> None:
    """Show what differs: between a checkpoint and another, or two runs step by step.

    Exit code 1 when something differs that is no noise. For example:

    ```
    nofx diff RUN CHECKPOINT --against last_green
    nofx diff RUN RUN --format markdown
    ```
    """
    if other.startswith(CHECKPOINT):
        found = run(
            context,
            lambda service, settings: service.on_base(
                settings, lambda base: _checkpoints(base, run_id, other, against)
            ),
        )
        text, same = _checkpoint_text(found, form, noise=noise)
    elif other.startswith(RUN):
        _check_options(against, form)
        both = run(
            context,
            lambda service, settings: service.on_base(
                settings, lambda base: _runs(base, run_id, other)
            ),
        )
        text, same = _run_text(both, form, noise=noise)
    else:
        reason = f"{other} is no checkpoint ({CHECKPOINT}…) and no run ({RUN}…)."
        raise OptionsError(reason=reason, command="diff")
    emit(text)
    if not same:
        raise typer.Exit(Exit.FOUND)


def _check_options(against: str, form: DiffFormat) -> None:
    if against != PARENT:
        reason = "--against goes with a checkpoint; two runs are both named."
        raise OptionsError(reason=reason, command="diff")
    if form is DiffFormat.PATCH:
        reason = "A patch leads from checkpoint to checkpoint, not from run to run."
        raise OptionsError(reason=reason, command="diff")


async def _checkpoints(
    base: "Base", run_id: str, checkpoint_id: str, against: str
) -> "Comparison":
    return await base.comparing.against(run_id, checkpoint_id, against)


async def _runs(base: "Base", before: str, after: str) -> "RunComparison":
    return await base.comparing.runs(before, after)


def _checkpoint_text(
    found: "Comparison", form: DiffFormat, *, noise: bool
) -> tuple[str, bool]:
    from bot.api import diffs  # noqa: PLC0415  # help can spare pydantic
    from bot.api.serving import printed  # noqa: PLC0415  # as above
    from bot.cli import diff_words  # noqa: PLC0415  # as above

    same = found.same if noise else not found.meaning
    if form is DiffFormat.TEXT:
        return diff_words.checkpoints(found, noise=noise), same
    return printed(diffs.checkpoints_in(found, diffs.DiffFormat(form))), same


def _run_text(
    found: "RunComparison", form: DiffFormat, *, noise: bool
) -> tuple[str, bool]:
    from bot.api import diffs  # noqa: PLC0415  # as above
    from bot.api.serving import printed  # noqa: PLC0415  # as above
    from bot.cli import diff_words  # noqa: PLC0415  # as above

    same = found.same and not (noise and any(one.noise for one in found.steps))
    if form is DiffFormat.TEXT:
        return diff_words.runs(found, noise=noise), same
    return printed(diffs.runs_in(found, diffs.RunDiffFormat(form))), same

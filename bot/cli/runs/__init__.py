"""`nofx runs`: looking at runs and acting on them, with the API or without it."""

import typer

from bot.cli.running import guarded
from bot.cli.runs import acting, merging, reading
from bot.cli.runs.states import states

runs = typer.Typer(
    name="runs",
    no_args_is_help=True,
    help="Look at runs and act on them, straight on the database.",
)
runs.command("list")(guarded(reading.list_runs))
runs.command("show")(guarded(reading.show_run))
for command in (
    reading.checkpoints,
    reading.findings,
    reading.logs,
    reading.usage,
    reading.tree,
    reading.verify,
    acting.rerun,
    acting.branch,
    merging.merge,
    acting.cancel,
    acting.pause,
    acting.resume,
    acting.approve,
    acting.reject,
    acting.waive,
    acting.retry,
    acting.redact,
    states,
):
    runs.command()(guarded(command))

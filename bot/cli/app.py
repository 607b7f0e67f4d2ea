"""The command `nofx`: its subcommands, its help and its exit codes."""

from typing import Annotated

import typer

from bot.cli.audit import audit
from bot.cli.blobs import blobs
from bot.cli.config import config
from bot.cli.deliveries import deliveries
from bot.cli.demo import demo
from bot.cli.diff import diff
from bot.cli.doctor import doctor
from bot.cli.evaluating import evaluation
from bot.cli.events import events
from bot.cli.exits import MEANINGS
from bot.cli.findings import findings
from bot.cli.memory.group import memory
from bot.cli.metrics import metrics
from bot.cli.migrate import migrate
from bot.cli.rca.group import rca
from bot.cli.review import review
from bot.cli.running import guarded
from bot.cli.runs import runs
from bot.cli.serve import serve
from bot.cli.setup import setup
from bot.cli.token import token
from bot.cli.work import work
from bot.version import running_version

EPILOG = "Exit codes: " + "; ".join(
    f"{code.value} {meaning}" for code, meaning in MEANINGS.items()
)

app = typer.Typer(
    name="nofx",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"{EPILOG}.",
)


def show_version(wanted: bool) -> None:  # noqa: FBT001  # typer calls it
    """Print the version and end, when that is what was asked for."""
    if wanted:
        typer.echo(f"nofx {running_version()}")
        raise typer.Exit


@app.callback()
def nofx(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=show_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Review pull requests: a GitHub App of your own, and the same review from here.

    To see it without GitHub, a database or a model: `nofx demo`

    A model reads the code once NOFX_MODEL names one; without it rules review.

    Settings come from the environment and `.env`; `nofx doctor` checks them all.
    """


for command in (setup, serve, work, migrate, demo, doctor, review, diff):
    app.command()(guarded(command))
app.add_typer(runs)
app.add_typer(findings)
app.add_typer(events)
app.add_typer(deliveries)
app.add_typer(token)
app.add_typer(audit)
app.add_typer(blobs)
app.add_typer(metrics)
app.add_typer(config)
app.add_typer(memory)
app.add_typer(rca)
app.add_typer(evaluation)

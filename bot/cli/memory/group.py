"""`nofx memory`: one list of its commands."""

from collections.abc import Callable, Mapping

import typer

from bot.cli.memory.carrying import export, import_lines
from bot.cli.memory.ends import delete, hold, release, renew
from bot.cli.memory.keys import keys
from bot.cli.memory.reading import expiring, list_sessions, show_session
from bot.cli.memory.redacting import redact, redactions
from bot.cli.running import guarded

memory = typer.Typer(
    name="memory",
    no_args_is_help=True,
    help="See, hold and redact what sessions remember; rotate the keys.",
)
COMMANDS: tuple[Callable[..., None], ...] = (
    *(expiring, hold, release, renew, redact, redactions, delete, export),
)
NAMED: Mapping[str, Callable[..., None]] = {
    "list": list_sessions,
    "show": show_session,
    "import": import_lines,
}


@memory.callback()
def group() -> None:
    """See, hold and redact what sessions remember; rotate the keys."""


for name, command in NAMED.items():
    memory.command(name)(guarded(command))
for command in COMMANDS:
    memory.command()(guarded(command))
memory.add_typer(keys)

"""`nofx memory keys`: which keys wrap sessions' keys, and their rotation."""

from collections.abc import Callable
from typing import Annotated

import typer

from bot.cli.running import guarded
from bot.terminal import emit

keys = typer.Typer(
    name="keys", no_args_is_help=True, help="Rotate the keys that memory stands on."
)


@keys.callback()
def group() -> None:
    """Rotate the keys that memory stands on: add, promote, rewrap, retire."""


def generate(
    key_id: Annotated[
        str, typer.Argument(help="A name that no key has had yet.", metavar="ID")
    ],
) -> None:
    """Print a line `id:key` with a fresh key, for the file of keys.

    Nothing is stored: append the line to the file of every process.

    For example:

    ```
    nofx memory keys generate k2 >> memory.keys
    ```
    """
    import base64  # noqa: PLC0415  # help can spare it

    from core.memory.envelope import new_key  # noqa: PLC0415  # as above

    emit(f"{key_id}:{base64.b64encode(new_key()).decode()}\n")


COMMANDS: tuple[Callable[..., None], ...] = (generate,)
for command in COMMANDS:
    keys.command()(guarded(command))

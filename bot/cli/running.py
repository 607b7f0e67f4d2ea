"""Runs a command to its end: settings, log, event loop, and an honest exit code."""

from __future__ import annotations

import asyncio
import functools
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import typer

from bot.cli.exits import Exit, exit_for
from bot.cli.service import Installed, Service
from bot.plain import one_line, visible
from core.errors import NofxError

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from bot.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")
DOTENV = Path(".env")


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Wrap a command so that every failure is one clear message and an exit code."""

    @functools.wraps(command)
    def run_guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except NofxError as error:
            complain(f"Error: {error}", error.way_out)
            raise typer.Exit(exit_for(error)) from None
        except BrokenPipeError:
            _leave_pipe()
            raise typer.Exit(Exit.BROKEN_PIPE) from None
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except Exception as error:  # noqa: BLE001  # the last place that can speak
            complain(*_unexpected(error))
            raise typer.Exit(Exit.BUG) from None

    return run_guarded


def run(
    context: typer.Context,
    call: Callable[[Service, Settings], Coroutine[object, object, T]],
    *,
    env_file: Path | None = DOTENV,
    quiet: bool = True,
) -> T:
    """Read the settings, set up the log, and run one call of the service.

    A `quiet` command logs only warnings, unless NOFX_LOG_LEVEL says otherwise.
    """
    from bot.logs import configure_logs  # noqa: PLC0415  # 200 ms that help can spare
    from bot.setting_values import LogLevel  # noqa: PLC0415  # as above
    from bot.settings import load_settings  # noqa: PLC0415  # as above

    settings = load_settings(env_file)
    chosen = not quiet or "log_level" in settings.model_fields_set
    level = settings.log_level if chosen else LogLevel.WARNING
    configure_logs(settings, sys.stderr, level)
    service = context.obj if context.obj is not None else Installed()
    return asyncio.run(call(service, settings))


def complain(*lines: str) -> None:
    """Print lines on standard error, with nothing in them that commands a terminal."""
    for line in lines:
        typer.echo(visible(line), err=True)


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal that something is going on, and nothing elsewhere."""
    from bot.terminal import console_for  # noqa: PLC0415  # help can spare it

    console = console_for(sys.stderr)
    if console.is_terminal:
        with console.status(what):
            yield
    else:
        yield


def _unexpected(error: Exception) -> tuple[str, str]:
    """Write the trace of a bug to a file; return what to say about it."""
    from bot.cli.trace import write_trace  # noqa: PLC0415  # rarely needed

    place = write_trace(error)
    return (
        f"Something unexpected happened in nofx: {one_line(type(error).__name__)}.",
        f"The trace was written to {place}; please report it.",
    )


def _leave_pipe() -> None:
    """Let go of a standard output that nobody reads."""
    from bot.terminal import quiet_pipe  # noqa: PLC0415  # rarely needed

    quiet_pipe()

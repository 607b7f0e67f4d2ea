"""Writes what a command has to say: to a terminal, a pipe or a file, whole."""

import os
import sys
import tempfile
from pathlib import Path
from typing import TextIO

from rich.console import Console

from core.errors import FileUnwritableError


def console_for(stream: TextIO) -> Console:
    """Return a console without any escape sequence where colour is unwanted.

    That is: no terminal, NO_COLOR set, or TERM is dumb.
    """
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    if console.is_terminal and not console.no_color:
        return console
    return plain_console(console.width, stream)


def plain_console(width: int = 100, stream: TextIO | None = None) -> Console:
    """Return a console that writes plain text, folded at `width` columns."""
    return Console(
        file=stream,
        width=width,
        color_system=None,
        force_terminal=False,
        highlight=False,
        markup=False,
        emoji=False,
    )


def emit(text: str) -> None:
    """Write text to standard output, spelling out what its encoding lacks.

    Raises BrokenPipeError when the reader is gone.
    """
    encoding = sys.stdout.encoding or "utf-8"
    data = text.encode(encoding, "backslashreplace")
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all; raises FileUnwritableError.

    What stands there is replaced in one step. Devices and pipes are written directly.
    """
    data = text.encode("utf-8", "backslashreplace")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
            return
        target = path.resolve()
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
            Path(name).chmod(mode)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileUnwritableError(path=path, reason=reason) from None


def quiet_pipe() -> None:
    """Point standard output at nothing, so that closing it raises no second error."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)

"""Keeps the terminal for the demo: what is logged goes to a file."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from bot.logs import configure_logs
from bot.settings import Settings
from core.errors import InputError, NotFoundError


@contextmanager
def logging_to_file(settings: Settings) -> Iterator[Path]:
    """Yield the file that takes the log; it is kept only when the body fails.

    What was given wrongly is said on the terminal and needs no log.
    """
    handle, name = tempfile.mkstemp(prefix="nofx-demo-", suffix=".log")
    path, root = Path(name), logging.getLogger()
    before, handlers, level = structlog.get_config(), root.handlers, root.level
    keep = False
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as stream:
            try:
                configure_logs(settings, stream)
                yield path
            finally:
                structlog.configure(**before)
                root.handlers, root.level = handlers, level
    except (InputError, NotFoundError):
        raise
    except Exception:
        keep = True
        raise
    finally:
        if not keep:
            path.unlink(missing_ok=True)

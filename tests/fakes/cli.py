"""The installed command line on a database of a test's own."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from bot.cli.app import app
from bot.settings import environment

NUMBERS = count(1)


@contextmanager
def bare_cli(
    monkeypatch: pytest.MonkeyPatch, folder: Path, mongodb_url: str
) -> Iterator[str]:
    """Point the settings to a fresh database, in an empty folder; give its address."""
    for name in environment():
        if name.startswith("NOFX_") or name in ("MONGODB_URL", "PORT"):
            monkeypatch.delenv(name)
    url = f"{mongodb_url}cli_{next(NUMBERS)}?retryWrites=false"
    monkeypatch.setenv("MONGODB_URL", url)
    monkeypatch.chdir(folder)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield url
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def nofx(*arguments: str) -> Result:
    """Run one command line of the installed nofx."""
    return CliRunner().invoke(app, list(arguments))

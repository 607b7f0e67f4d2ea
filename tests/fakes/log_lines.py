"""The log as it is set up in production, read line by line in a test."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot.logs import configure_logs
from bot.setting_values import LogFormat, LogLevel
from bot.settings import load_settings

HOOK = "hook-secret-1234567890"


@dataclass
class Logged:
    """What was written."""

    stream: io.StringIO = field(default_factory=io.StringIO)

    def lines(self, event: str | None = None) -> list[dict[str, Any]]:
        """Return the lines so far, or those of one event."""
        found = [json.loads(line) for line in self.stream.getvalue().splitlines()]
        return [one for one in found if event in (None, one["event"])]


@contextmanager
def production_log(level: LogLevel = LogLevel.INFO) -> Iterator[Logged]:
    """Log as `nofx serve` does, with a webhook secret to mask; put all back at last."""
    root = logging.getLogger()
    handlers, before = root.handlers, root.level
    logged = Logged()
    settings = load_settings(None, log_format=LogFormat.JSON, webhook_secrets=HOOK)
    configure_logs(settings, logged.stream, level)
    try:
        yield logged
    finally:
        root.handlers, root.level = handlers, before
        structlog.reset_defaults()

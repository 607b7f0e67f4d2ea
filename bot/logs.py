"""The log: events with facts on standard error, JSON for machines, never a secret.

Within a request, a delivery, a run and its step each line names it: what begins there
binds `request_id`, `delivery_id`, `run_id`, `step` in the context of its task. What a
step says is kept for its run at any level; the log shows what its own level lets
through.
"""

import logging
import re
from collections.abc import Callable, Sequence
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.plain import visible
from bot.setting_values import LogFormat, LogLevel
from bot.settings import Settings
from core.metrics.logs import LOG_LINES
from core.runs.run_log import collect, is_collecting
from core.secrets.forms import forms

MASK = "***"
# GitHub's tokens, the App's signed requests for one, our own tokens and tickets.
SIGNED = (
    r"gh[a-z]_[A-Za-z0-9._-]{36,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"
    r"|nofx_[0-9A-Za-z]{8}_[0-9A-Za-z]{32,}|nofx[stv]_[\w-]{43}"
)

# The first parts of our loggers' names.
OURS = ("bot", "core", "nofx")
# What structlog keeps in a line of a library until it is written.
INNER = ("_record", "_from_structlog")


def configure_logs(
    settings: Settings, stream: TextIO, level: LogLevel | None = None
) -> None:
    """Send everything that is logged, by us or by libraries, to `stream`.

    `auto` is console on a terminal and JSON elsewhere; `level` goes before the one in
    the settings. The settings' secrets, GitHub's tokens and our own are masked
    wherever they appear, in values, messages and traces.
    """
    as_json = settings.log_format is LogFormat.JSON or (
        settings.log_format is LogFormat.AUTO and not stream.isatty()
    )
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        masking(settings.secret_values()),
        _collected,
    ]
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if as_json:
        last.append(structlog.processors.JSONRenderer())
    else:
        last += [_plainly, structlog.dev.ConsoleRenderer(colors=stream.isatty())]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _counted], processors=last
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    _set_level(level or settings.log_level)
    structlog.configure(
        processors=[
            _wanted,
            *shared,
            structlog.stdlib.filter_by_level,
            _counted,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _set_level(level: LogLevel) -> None:
    """Let lines of this level through; below info, those of libraries never.

    The database's driver would write every document that it sends, and a thousand
    lines a review.
    """
    debugging = level is LogLevel.DEBUG
    logging.getLogger().setLevel("INFO" if debugging else level.value.upper())
    for name in OURS:
        logging.getLogger(name).setLevel(logging.DEBUG if debugging else logging.NOTSET)


def masking(secrets: Sequence[str]) -> Processor:
    """Return a processor that masks the secrets in any form, at any depth."""
    # The longest form first, so that none is left half behind.
    known = sorted({form for one in secrets for form in forms(one)}, key=len)
    known.reverse()
    patterns = "|".join([*(re.escape(form) for form in known), SIGNED])
    secret = re.compile(patterns)

    def mask_text(text: str) -> str:
        return secret.sub(MASK, text)

    def mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {key: _deep(value, mask_text) for key, value in event.items()}

    return mask


def _wanted(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Drop early what is not written, unless it is kept for a run."""
    if is_collecting():
        return event
    return structlog.stdlib.filter_by_level(logger, method, event)


def _collected(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Give the line, without a secret, to the run that it is about, at any level."""
    collect({key: value for key, value in event.items() if key not in INNER})
    return event


def _counted(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Count the line that is now written."""
    LOG_LINES.inc(level=str(event["level"]))
    return event


def _deep(value: object, change: Callable[[str], str]) -> object:
    """Apply a change to every text in a value; other objects become their text."""
    match value:
        case str():
            return change(value)
        case dict():
            return {str(key): _deep(item, change) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_deep(item, change) for item in value]
        case None | bool() | int() | float():
            return value
        case _:
            return change(str(value))


def _plainly(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Spell out what would command the terminal."""
    return {key: _deep(value, visible) for key, value in event.items()}

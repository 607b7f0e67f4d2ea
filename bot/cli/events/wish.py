"""The options by which `nofx events` narrows what is read."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, TypeVar, cast

import typer

from bot.cli.running import run
from bot.cli.spans import SPAN, span
from core.clock import SystemClock
from core.errors import OptionInvalidError, RequestInvalidError

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from bot.api.problems import FieldProblem
    from bot.base import Base
    from core.feed.query import EventFilter
    from core.feed.replay import Replay

T = TypeVar("T")
# Where the query of `GET /events` has other names.
OPTIONS = {"q": "WORDS", "run_id": "--run"}
Kinds = Annotated[
    str | None, typer.Option("--type", help="As run.* or step.started,step.finished.")
]
OfRun = Annotated[str | None, typer.Option("--run", help="A run's id.")]
Repo = Annotated[str | None, typer.Option(help="owner/name.")]
Pull = Annotated[int | None, typer.Option(help="Number of a pull request of --repo.")]
Since = Annotated[
    str | None, typer.Option(help="90m, 12h, 30d ago, or 2026-01-05T12:00:00Z.")
]
Until = Annotated[str | None, typer.Option(help="Before then; as --since.")]
AsLines = Annotated[
    bool, typer.Option("--json", help="For machines: one JSON document a line.")
]


def asked(  # one argument an option
    *,
    kinds: str | None = None,
    run_id: str | None = None,
    repo: str | None = None,
    pull: int | None = None,
    since: str | None = None,
    until: str | None = None,
    words: str | None = None,
) -> dict[str, str]:
    """Return the options as the query of `GET /events` has them."""
    query = {
        "type": kinds,
        "run_id": run_id,
        "repo": repo,
        "pull": None if pull is None else str(pull),
        "since": _time(since),
        "until": _time(until),
        "q": words,
    }
    return {name: value for name, value in query.items() if value is not None}


def reading(
    context: typer.Context,
    query: dict[str, str],
    read: Callable[["Base", "Replay", "EventFilter"], Coroutine[object, object, T]],
) -> T:
    """Run one reading of the feed, straight on the database.

    Raises OptionInvalidError before the database is opened.
    """
    # `nofx --help` can spare it.
    from core.feed.replay import Replay  # noqa: PLC0415  # help can spare it

    wanted = _understood(query)

    async def call(base: "Base") -> T:
        return await read(base, Replay(base.database), wanted)

    return run(context, lambda service, settings: service.on_base(settings, call))


def _understood(query: dict[str, str]) -> "EventFilter":
    """Return what is wanted; an error names the option, not the query's field."""
    # `nofx --help` can spare it.
    from bot.api.event_query import EventQuery  # noqa: PLC0415  # help can spare it
    from bot.api.question import OWNER  # noqa: PLC0415  # help can spare it
    from bot.api.requests import validated  # noqa: PLC0415  # help can spare it

    try:
        return validated(EventQuery, query, "query").wanted(OWNER)
    except RequestInvalidError as error:
        first = cast("list[FieldProblem]", error.facts["errors"])[0]
        name = first.pointer.removeprefix("/")
        option = OPTIONS.get(name, f"--{name}")
        raise OptionInvalidError(option=option, reason=first.detail) from None


def _time(text: str | None) -> str | None:
    """Return a time, or the time that is a span ago, as the query has it."""
    if text is None or not SPAN.fullmatch(text.strip()):
        return text
    return (SystemClock().now() - span(text)).isoformat()

"""`nofx events replay|search|tail`: what happened, from the beginning or the end."""

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.events.wish import (
    AsLines,
    Kinds,
    OfRun,
    Pull,
    Repo,
    Since,
    Until,
    asked,
    reading,
)

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from bot.base import Base
    from core.feed.page import FeedEntry
    from core.feed.query import EventFilter
    from core.feed.replay import Replay

PAGE = 500
POLL = 1.0
NONE_FITS = "There is no event that fits."
Count = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000)]


def replay(  # noqa: PLR0913  # one argument an option
    context: typer.Context,
    *,
    kinds: Kinds = None,
    run_id: OfRun = None,
    repo: Repo = None,
    pull: Pull = None,
    since: Since = None,
    until: Until = None,
    after: Annotated[
        int, typer.Option(min=0, help="Only what stands after this position.")
    ] = 0,
    as_json: AsLines = False,
) -> None:
    """Print everything that happened, oldest first; times are UTC.

    For example:

    ```
    nofx events replay --run run_01hxqg5t0kc8f2v7w3m9b4n6ry
    nofx events replay --type finding.* --since 7d --json
    ```
    """
    from bot.cli.events.lines import print_events  # noqa: PLC0415  # help can spare it

    query = asked(
        kinds=kinds, run_id=run_id, repo=repo, pull=pull, since=since, until=until
    )

    async def read(_: "Base", feed: "Replay", wanted: "EventFilter") -> None:
        cursor: int | None = after
        found = False
        while cursor is not None:
            page = await feed.page(wanted, after=cursor, limit=PAGE)
            print_events(page.entries, as_json=as_json)
            found, cursor = found or bool(page.entries), page.next
        if not found and not as_json:
            typer.echo(NONE_FITS, err=True)

    reading(context, query, read)


def search(  # noqa: PLR0913  # one argument an option
    context: typer.Context,
    words: Annotated[
        list[str], typer.Argument(help="Words that must all be in one event.")
    ],
    *,
    kinds: Kinds = None,
    run_id: OfRun = None,
    repo: Repo = None,
    pull: Pull = None,
    since: Since = None,
    until: Until = None,
    limit: Count = 20,
    as_json: AsLines = False,
) -> None:
    """Find the events that have these words, newest first; times are UTC.

    For example:

    ```
    nofx events search timeout clone --since 30d
    nofx events search shell --type finding.* --repo octo/hello
    ```
    """
    from bot.cli.events.lines import print_events  # noqa: PLC0415  # as above

    query = asked(
        kinds=kinds,
        run_id=run_id,
        repo=repo,
        pull=pull,
        since=since,
        until=until,
        words=" ".join(words),
    )

    async def read(_: "Base", feed: "Replay", wanted: "EventFilter") -> None:
        found, _head = await _newest(feed, wanted, limit)
        print_events(found, as_json=as_json)
        if not found and not as_json:
            typer.echo("No event has all of these words.", err=True)

    reading(context, query, read)


def tail(  # noqa: PLR0913  # one argument an option
    context: typer.Context,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")
    ] = False,
    limit: Count = 20,
    kinds: Kinds = None,
    run_id: OfRun = None,
    repo: Repo = None,
    pull: Pull = None,
    as_json: AsLines = False,
) -> None:
    """Print the last events, and with -f each that follows; times are UTC.

    For example:

    ```
    nofx events tail
    nofx events tail -f --type run.* --repo octo/hello
    ```
    """
    from bot.cli.events.lines import print_events  # noqa: PLC0415  # as above

    query = asked(kinds=kinds, run_id=run_id, repo=repo, pull=pull)

    async def read(base: "Base", feed: "Replay", wanted: "EventFilter") -> None:
        found, cursor = await _newest(feed, wanted, limit)
        print_events(reversed(found), as_json=as_json)
        if not (found or follow or as_json):
            typer.echo(NONE_FITS, err=True)
        while follow:
            page = await feed.page(wanted, after=cursor, limit=PAGE)
            print_events(page.entries, as_json=as_json)
            cursor = page.head if page.next is None else page.next
            if page.next is None:
                await base.clock.sleep(POLL)

    reading(context, query, read)


async def _newest(
    feed: "Replay", wanted: "EventFilter", count: int
) -> tuple[list["FeedEntry"], int]:
    """Return the last wanted events, newest first, and where the feed ended then."""
    page = await feed.page(wanted, limit=min(count, PAGE), newest_first=True)
    found, head = list(page.entries), page.head
    while page.next is not None and len(found) < count:
        left = min(count - len(found), PAGE)
        page = await feed.page(wanted, before=page.next, limit=left, newest_first=True)
        found += page.entries
    return found, head

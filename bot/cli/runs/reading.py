"""`nofx runs list|show|findings|logs|usage|tree|verify`: what there is, and is true."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.exits import Exit
from bot.cli.runs.group import AsJson, RunId, ask, show
from bot.cli.spans import span
from core.clock import SystemClock

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from bot.api.answers.verification import Verification


def list_runs(  # noqa: PLR0913  # one argument an option
    context: typer.Context,
    *,
    repo: Annotated[str | None, typer.Option(help="owner/name.")] = None,
    pull: Annotated[int | None, typer.Option(help="Number of a pull request.")] = None,
    status: Annotated[
        str | None, typer.Option(help="As queued, running, succeeded, gate_failed.")
    ] = None,
    pipeline: Annotated[str | None, typer.Option(help="As review.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Created in the last 90m, 12h, 30d, 8w.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    cursor: Annotated[
        str | None, typer.Option(help="`next` of the page before.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first.

    For example:

    ```
    nofx runs list --repo octo/hello --since 7d
    nofx runs list --status gate_failed --json
    ```
    """
    from bot.cli.runs import words  # noqa: PLC0415  # help can spare pydantic

    begin = _ago(span(since)) if since is not None else None
    query = {
        "repo": repo,
        "pull": str(pull) if pull is not None else None,
        "status": status,
        "pipeline": pipeline,
        "since": begin,
        "limit": str(limit),
        "cursor": cursor,
    }
    show(ask(context, "GET", "/runs", query=query), words.page, as_json=as_json)


def show_run(context: typer.Context, run_id: RunId, *, as_json: AsJson = False) -> None:
    """Show one run: its steps, gates and findings, and what it waits for.

    For example:

    ```
    nofx runs show run_01hxqg5t0kc8f2v7w3m9b4n6ry
    ```
    """
    from bot.cli.runs import words  # noqa: PLC0415  # as above

    found = ask(context, "GET", "/runs/{run_id}", ids={"run_id": run_id})
    show(found, words.run, as_json=as_json)


def checkpoints(
    context: typer.Context, run_id: RunId, *, as_json: AsJson = False
) -> None:
    """List a run's checkpoints, from each of which it can be gone on.

    For example:

    ```
    nofx runs checkpoints run_01hxqg5t0kc8f2v7w3m9b4n6ry
    ```
    """
    from bot.cli.runs import words  # noqa: PLC0415  # as above

    path = "/runs/{run_id}/checkpoints"
    found = ask(context, "GET", path, ids={"run_id": run_id})
    show(found, words.checkpoints, as_json=as_json)


def findings(
    context: typer.Context,
    run_id: RunId,
    *,
    state: Annotated[
        str | None, typer.Option(help="Only filtered, posted, summarised …; else all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a run found, and what was filtered out of it, with the reasons.

    For example:

    ```
    nofx runs findings run_01hxqg5t0kc8f2v7w3m9b4n6ry
    nofx runs findings run_01hxqg5t0kc8f2v7w3m9b4n6ry --state filtered
    ```
    """
    from bot.cli.runs import finding_words  # noqa: PLC0415  # as above

    path = "/runs/{run_id}/findings"
    ids, query = {"run_id": run_id}, {"state": state}
    found = ask(context, "GET", path, ids=ids, query=query)
    show(found, finding_words.findings, as_json=as_json)


def logs(
    context: typer.Context,
    run_id: RunId,
    *,
    step: Annotated[str | None, typer.Option(help="As review; else all.")] = None,
    attempt: Annotated[
        int | None, typer.Option(min=1, help="Which try of a step; else all.")
    ] = None,
    level: Annotated[
        str | None, typer.Option(help="debug, info, warning or error, and above.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a run's steps have logged, once each try has ended.

    For example:

    ```
    nofx runs logs run_01hxqg5t0kc8f2v7w3m9b4n6ry
    nofx runs logs run_01hxqg5t0kc8f2v7w3m9b4n6ry --step review --level warning
    ```
    """
    from bot.cli.runs import log_words  # noqa: PLC0415  # as above

    query = {
        "step": step,
        "attempt": str(attempt) if attempt is not None else None,
        "level": level,
    }
    path = "/runs/{run_id}/logs"
    found = ask(context, "GET", path, ids={"run_id": run_id}, query=query)
    show(found, log_words.logs, as_json=as_json)


def usage(context: typer.Context, run_id: RunId, *, as_json: AsJson = False) -> None:
    """Show what a run has used: processor, memory, requests, tokens, cost.

    For example:

    ```
    nofx runs usage run_01hxqg5t0kc8f2v7w3m9b4n6ry
    ```
    """
    from bot.cli.runs import usage_words  # noqa: PLC0415  # as above

    found = ask(context, "GET", "/runs/{run_id}/usage", ids={"run_id": run_id})
    show(found, usage_words.usage, as_json=as_json)


def tree(context: typer.Context, run_id: RunId, *, as_json: AsJson = False) -> None:
    """Show the run's family: what was branched from what, and what was merged.

    For example:

    ```
    nofx runs tree run_01hxqg5t0kc8f2v7w3m9b4n6ry
    ```
    """
    from bot.cli.runs import words  # noqa: PLC0415  # as above

    found = ask(context, "GET", "/runs/{run_id}/tree", ids={"run_id": run_id})
    show(found, words.family, as_json=as_json)


def verify(context: typer.Context, run_id: RunId, *, as_json: AsJson = False) -> None:
    """Prove that a run's history was not changed; exit code 1 when it was.

    For example:

    ```
    nofx runs verify run_01hxqg5t0kc8f2v7w3m9b4n6ry
    ```
    """
    from bot.cli.runs import words  # noqa: PLC0415  # as above

    path = "/runs/{run_id}/verification"
    found = ask(context, "GET", path, ids={"run_id": run_id})
    show(found, words.verification, as_json=as_json)
    proof: Verification = found  # type: ignore[assignment] # the answer of this path
    if not proof.intact:
        raise typer.Exit(Exit.FOUND)


def _ago(past: timedelta) -> str:
    return (SystemClock().now() - past).isoformat()

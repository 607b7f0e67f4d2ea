"""`nofx runs cancel|pause|resume|rerun|branch|approve|reject|waive|retry|…`."""

import json
from typing import Annotated, Any

import typer

from bot.cli.runs.group import AsJson, Reason, RunId, ask, show
from core.errors import OptionsError

Gate = Annotated[str, typer.Argument(help="The gate's name.", metavar="GATE")]
Checkpoint = Annotated[
    str, typer.Argument(help="The checkpoint's id.", metavar="CHECKPOINT")
]


def cancel(
    context: typer.Context,
    run_id: RunId,
    *,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """End a run; a worker that holds it is asked to stop.

    For example:

    ```
    nofx runs cancel run_01hxqg5t0kc8f2v7w3m9b4n6ry --reason "wrong branch"
    ```
    """
    _move(context, run_id, "cancel", reason, as_json=as_json)


def pause(
    context: typer.Context,
    run_id: RunId,
    *,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Put a run aside, until somebody resumes it.

    For example:

    ```
    nofx runs pause run_01hxqg5t0kc8f2v7w3m9b4n6ry
    ```
    """
    _move(context, run_id, "pause", reason, as_json=as_json)


def resume(
    context: typer.Context,
    run_id: RunId,
    *,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Let workers have a paused run again.

    For example:

    ```
    nofx runs resume run_01hxqg5t0kc8f2v7w3m9b4n6ry
    ```
    """
    _move(context, run_id, "resume", reason, as_json=as_json)


def rerun(
    context: typer.Context,
    run_id: RunId,
    *,
    start_at: Annotated[
        str | None,
        typer.Option("--from", help="A step or a checkpoint; else the start."),
    ] = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Run a run again, as a new run: all of it, or from a step or checkpoint on.

    For example:

    ```
    nofx runs rerun run_01hxqg5t0kc8f2v7w3m9b4n6ry --from review
    ```
    """
    from bot.cli.runs import words  # noqa: PLC0415  # help can spare pydantic

    body = {"reason": reason} | ({"from": start_at} if start_at is not None else {})
    ids = {"run_id": run_id}
    begun = ask(context, "POST", "/runs/{run_id}/rerun", ids=ids, body=body)
    show(begun, words.begun, as_json=as_json)


def branch(  # one argument an option
    context: typer.Context,
    run_id: RunId,
    checkpoint: Checkpoint,
    *,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="model=…, fail_on=… or min_confidence=…"),
    ] = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="Let it speak on the pull request.")
    ] = False,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Go on from a checkpoint with other settings, as a new run.

    For example:

    ```
    nofx runs branch RUN CHECKPOINT --set fail_on=warning --reason "how strict?"
    ```
    """
    from bot.cli.runs import words  # noqa: PLC0415  # as above

    body = {"overrides": _settings(setting), "publish": publish, "reason": reason}
    ids = {"run_id": run_id, "checkpoint_id": checkpoint}
    path = "/runs/{run_id}/checkpoints/{checkpoint_id}/branch"
    show(ask(context, "POST", path, ids=ids, body=body), words.begun, as_json=as_json)


def redact(
    context: typer.Context,
    run_id: RunId,
    checkpoint: Checkpoint,
    *,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Erase a checkpoint's state for good; the history still proves itself.

    For example:

    ```
    nofx runs redact RUN CHECKPOINT --reason "holds a customer's name"
    ```
    """
    from bot.cli.runs import words  # noqa: PLC0415  # as above

    ids = {"run_id": run_id, "checkpoint_id": checkpoint}
    path = "/runs/{run_id}/checkpoints/{checkpoint_id}/redact"
    body = {"reason": reason}
    show(
        ask(context, "POST", path, ids=ids, body=body),
        words.checkpoint,
        as_json=as_json,
    )


def approve(
    context: typer.Context,
    run_id: RunId,
    gate: Gate,
    *,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Say yes to what waits at a gate.

    For example:

    ```
    nofx runs approve run_01hxqg5t0kc8f2v7w3m9b4n6ry approval
    ```
    """
    _decide(context, run_id, gate, "approve", reason, as_json=as_json)


def reject(
    context: typer.Context,
    run_id: RunId,
    gate: Gate,
    *,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Say no to what waits at a gate.

    For example:

    ```
    nofx runs reject RUN approval --reason "breaks the release"
    ```
    """
    _decide(context, run_id, gate, "reject", reason, as_json=as_json)


def waive(
    context: typer.Context,
    run_id: RunId,
    gate: Gate,
    *,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Let a run pass a gate that stopped it.

    For example:

    ```
    nofx runs waive RUN static_analysis --reason "a false alarm"
    ```
    """
    _decide(context, run_id, gate, "waive", reason, as_json=as_json)


def retry(
    context: typer.Context,
    run_id: RunId,
    gate: Gate,
    *,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Let a run come to a gate again.

    For example:

    ```
    nofx runs retry run_01hxqg5t0kc8f2v7w3m9b4n6ry llm_review
    ```
    """
    _decide(context, run_id, gate, "retry", reason, as_json=as_json)


def _move(
    context: typer.Context, run_id: str, name: str, reason: str, *, as_json: bool
) -> None:
    from bot.cli.runs import words  # noqa: PLC0415  # as above

    path = f"/runs/{{run_id}}/{name}"
    ids, body = {"run_id": run_id}, {"reason": reason}
    show(ask(context, "POST", path, ids=ids, body=body), words.line, as_json=as_json)


def _decide(  # one argument an option
    context: typer.Context,
    run_id: str,
    gate: str,
    decision: str,
    reason: str,
    *,
    as_json: bool,
) -> None:
    from bot.cli.runs import words  # noqa: PLC0415  # as above

    path = f"/runs/{{run_id}}/gates/{{gate}}/{decision}"
    ids = {"run_id": run_id, "gate": gate}
    body = {"reason": reason}
    show(ask(context, "POST", path, ids=ids, body=body), words.run, as_json=as_json)


def _settings(given: list[str] | None) -> dict[str, Any]:
    """Read `name=value` pairs; a value that is JSON is taken as such."""
    found: dict[str, Any] = {}
    for pair in given or []:
        name, equals, text = pair.partition("=")
        if not equals:
            raise OptionsError(
                reason=f"{pair} is not of the form name=value.", command="runs branch"
            )
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found

"""GitHub's rules for check runs: what is refused, and what a write changes."""

from collections.abc import Iterator
from datetime import UTC, datetime

from bot.simulator.answers import Json, RefusedError
from bot.simulator.records import CheckRun, Suite
from bot.simulator.world import World

STATUSES = ("queued", "in_progress", "completed", "waiting", "requested", "pending")
CONCLUSIONS = (
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "success",
    "skipped",
    "timed_out",
)
LEVELS = ("notice", "warning", "failure")
LONGEST = 65_535
MOST_ANNOTATIONS = 50
MOST_ACTIONS = 3
ACTION_LENGTHS = {"label": 20, "description": 40, "identifier": 20}
ANNOTATION_KEYS = ("path", "start_line", "end_line", "annotation_level", "message")


def refuse_bad(body: Json, *, creating: bool) -> None:
    """Refuse a request body by GitHub's rules; the first broken rule is told."""
    for problem in _problems(body, creating=creating):
        raise RefusedError(422, f"Invalid request.\n\n{problem}")


def _problems(body: Json, *, creating: bool) -> Iterator[str]:
    """Yield what is wrong with a body."""
    if creating and not isinstance(body.get("name"), str):
        yield '"name" wasn\'t supplied.'
    status, conclusion = body.get("status"), body.get("conclusion")
    if status is not None and status not in STATUSES:
        yield f"{status} is not a member of {list(STATUSES)}."
    if conclusion is not None and conclusion not in CONCLUSIONS:
        yield f"{conclusion} is not a member of {list(CONCLUSIONS)}."
    if status == "completed" and conclusion is None:
        yield '"conclusion" wasn\'t supplied: it is required when status is completed.'
    if conclusion is not None and status not in (None, "completed"):
        yield f"A conclusion cannot go with the status {status}."
    for name in ("started_at", "completed_at"):
        if name in body and _moment(body[name]) is None:
            yield f"{body[name]} is not a date-time."
    yield from _of_output(body.get("output"), creating=creating)
    yield from _of_actions(body.get("actions", []))


def _of_output(output: object, *, creating: bool) -> Iterator[str]:
    """Yield what is wrong with an output."""
    if output is None:
        return
    if not isinstance(output, dict):
        yield "output is not an object."
        return
    for name in ("title", "summary") if creating else ("summary",):
        if not isinstance(output.get(name), str):
            yield f'"{name}" wasn\'t supplied.'
    for name in ("title", "summary", "text"):
        size = len(output.get(name) or "")
        if size > LONGEST:
            yield f"Only {LONGEST} characters are allowed; {size} were supplied."
    yield from _of_annotations(output.get("annotations") or [])


def _of_annotations(annotations: list[Json]) -> Iterator[str]:
    """Yield what is wrong with the annotations of one request."""
    if len(annotations) > MOST_ANNOTATIONS:
        count = len(annotations)
        yield _too_many(MOST_ANNOTATIONS, count)
    for annotation in annotations:
        yield from _of_annotation(annotation)


def _of_annotation(annotation: Json) -> Iterator[str]:
    """Yield what is wrong with an annotation."""
    for name in ANNOTATION_KEYS:
        if annotation.get(name) in (None, ""):
            yield f'"{name}" wasn\'t supplied.'
            return
    if annotation["annotation_level"] not in LEVELS:
        yield f"{annotation['annotation_level']} is not a member of {list(LEVELS)}."
    if annotation["start_line"] > annotation["end_line"]:
        yield "end_line must not precede start_line."
    has_columns = {"start_column", "end_column"} & annotation.keys()
    if has_columns and annotation["start_line"] != annotation["end_line"]:
        yield "Columns are allowed only on a single line."


def _of_actions(actions: list[Json]) -> Iterator[str]:
    """Yield what is wrong with the buttons."""
    if len(actions) > MOST_ACTIONS:
        count = len(actions)
        yield _too_many(MOST_ACTIONS, count)
    for action in actions:
        for name, longest in ACTION_LENGTHS.items():
            size = len(action.get(name) or "")
            if size == 0:
                yield f'"{name}" wasn\'t supplied.'
            if size > longest:
                yield f"Only {longest} characters are allowed; {size} were supplied."


def _too_many(most: int, count: int) -> str:
    """Return GitHub's words for a list that is too long."""
    return f"No more than {most} items are allowed; {count} were supplied."


def _moment(text: object) -> datetime | None:
    """Return a time in UTC, or None when the text is none."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def new_run(world: World, suite: Suite, body: Json) -> CheckRun:
    """Make a check run from a body that was found good."""
    run = CheckRun(
        id=world.new_id(),
        suite=suite,
        name=body["name"],
        status="queued",
        conclusion=None,
        started_at=None,
        completed_at=None,
        details_url=None,
        external_id="",
        output={},
        actions=[],
        annotations=[],
        history=[],
    )
    change(world, run, body)
    return run


def change(world: World, run: CheckRun, body: Json) -> None:
    """Carry out a body that was found good, and remember the step."""
    run.name = body.get("name") or run.name
    run.details_url = body.get("details_url") or run.details_url
    run.external_id = body.get("external_id", run.external_id)
    run.actions = body.get("actions", run.actions)
    _change_status(world, run, body)
    output = dict(body.get("output") or {})
    run.annotations = [*run.annotations, *output.pop("annotations", [])]
    output.pop("images", None)
    run.output = {**run.output, **output}
    step = (run.status, run.conclusion, run.output.get("title"))
    if not run.history or run.history[-1] != step:
        run.history.append(step)


def _change_status(world: World, run: CheckRun, body: Json) -> None:
    """Set status, conclusion and times; a conclusion means completed."""
    conclusion = body.get("conclusion")
    run.status = "completed" if conclusion else body.get("status", run.status)
    if conclusion:
        run.conclusion = conclusion
    if run.status != "completed":
        run.conclusion = run.completed_at = None
    started = _moment(body["started_at"]) if "started_at" in body else run.started_at
    run.started_at = started or world.now()
    if "completed_at" in body:
        run.completed_at = _moment(body["completed_at"])
    elif run.status == "completed" and run.completed_at is None:
        run.completed_at = world.now()

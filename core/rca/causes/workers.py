"""What happened to the workers that held the run."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from core.events import schema
from core.rca.cause import Cause, Confidence, Evidence
from core.rca.causes.blame import Blame, again, blamed, ending
from core.rca.causes.faults import Fault, done, shown
from core.rca.causes.holds import Hold, lost
from core.rca.causes.sandbox import is_out_of_memory
from core.rca.causes.store import is_full
from core.rca.story import Story
from core.rca.words import counted, lasting, listed, said
from core.runs.states import RUN, Status


def lease_lost(story: Story) -> Iterator[Cause]:
    """Find that a worker went silent and the run was taken from it.

    Likely, or possible when the step was done by another after it.
    """
    found = lost(story)
    if found:
        yield Cause(
            name="lease_lost",
            sentence=(
                f"{_named(found)} lost the run, for it did not report "
                f"{_within(story)}; {_cost(story)}"
            ),
            confidence=_weight(story, found),
            next_action=(
                f"Look at the log and the load of {_names(found)} at that time; a "
                f"longer NOFX_LEASE_SECONDS suits machines that stall."
            ),
            evidence=_losses(found),
            began_at=found[0].claim.time,
        )


def worker_killed(story: Story) -> Iterator[Cause]:
    """Find that a worker's process ended in the middle of a step: it wrote no more.

    It is told from one that stalled by its silence everywhere, and by no note of its
    own. Likely, or possible when the step was done by another after it.
    """
    found = killed(story)
    if found:
        steps = listed(filter(None, (_step_of(story, one) for one in found)))
        yield Cause(
            name="worker_killed",
            sentence=(
                f"{_named(found)} ended in the middle of "
                f"{f'step {steps}' if steps else 'the run'}: the process never wrote "
                f"anything again{_how_often(found)}."
            ),
            confidence=_weight(story, found),
            next_action=(
                "Look for what ended it: the kernel's out-of-memory messages "
                f"(`dmesg`), a deployment, a crash of the machine; {_then(story)}."
            ),
            evidence=_losses(found),
            began_at=found[0].claim.time,
            explains=frozenset({"lease_lost"}),
        )


def worker_fenced(story: Story) -> Iterator[Cause]:
    """Find that a worker came back after the run was taken, and could not write.

    Likely, or possible when the step was done by another after it.
    """
    found = [one for one in lost(story) if one.noted("fenced")]
    if not found:
        return
    note = found[0].noted("fenced")[0]
    taken = found[0].lost
    away = note.time - taken.time if taken else note.time - note.time
    yield Cause(
        name="worker_fenced",
        sentence=(
            f"{_named(found)} stalled until the run was taken from it, came back "
            f"{lasting(away)} later and was kept from writing: what it had done since "
            f"was done again by another worker."
        ),
        confidence=_weight(story, found),
        next_action=(
            f"Look for what held {_names(found)} up: a stopped process, a suspended "
            f"machine, a database or disk that hung; a longer NOFX_LEASE_SECONDS suits "
            f"machines that stall."
        ),
        evidence=(*_losses(found), shown(note, _left_words(note.event))),
        began_at=found[0].claim.time,
        explains=frozenset({"lease_lost"}),
    )


def worker_crashed(story: Story) -> Iterator[Cause]:
    """Find an error that nofx does not know, which ended a try: a bug.

    Certain when it failed its step, likely when the step was not done after it,
    possible when it was.
    """
    blame = Blame(
        name="worker_crashed",
        matches=_is_bug,
        sentence=lambda fault: (
            f"A bug of nofx: {said(fault.code or fault.words, 80)} {fault.where}"
            f"{f' at {fault.failure.place}' if fault.failure.place else ''}."
        ),
        next_action=lambda fault: (
            f"Report it with the trace in `nofx runs logs {story.run.id}`; "
            f"{again(story, fault.step)} helps only if it met something unusual."
        ),
        explains=frozenset({"losses_exhausted", "lease_lost"}),
    )
    return blamed(story, blame)


def losses_exhausted(story: Story) -> Iterator[Cause]:
    """Find that too many workers were lost over the run: always certain."""
    end = _given_up(story)
    found = lost(story)
    if end is None:
        return
    dead = killed(story)
    how = _kills(dead, found)
    steps = listed(filter(None, (_step_of(story, one) for one in found)))
    where = f" in step {steps}" if steps else ""
    yield Cause(
        name="losses_exhausted",
        sentence=(
            f"The run was given up, for {counted(story.run.losses, 'worker')} "
            f"{'was' if story.run.losses == 1 else 'were'} lost over it{where}{how}."
        ),
        confidence=Confidence.CERTAIN,
        next_action=(
            "Find out what ended them before it runs again: memory (`dmesg`), the "
            f"machine, deployments; then {again(story)}."
        ),
        evidence=(end, *_losses(found)),
        began_at=found[0].claim.time if found else story.run.created_at,
        explains=frozenset(
            {"worker_killed", "worker_fenced", "lease_lost", "first_error"}
        ),
    )


def killed(story: Story) -> tuple[Hold, ...]:
    """Return the holds whose worker's process never wrote again, and left no note."""
    return tuple(one for one in lost(story) if not one.notes and _silent(story, one))


def _silent(story: Story, hold: Hold) -> bool:
    """Return whether a process wrote nothing anywhere since it should have reported.

    One that wrote in the second half of its lease lived on, and only the run stalled.
    """
    last = hold.wrote_until(story)
    if last is None or hold.lost is None:
        return False
    lease = story.budget.lease_seconds if story.budget is not None else 0.0
    return last <= hold.lost.time - timedelta(seconds=lease / 2)


def _is_bug(fault: Fault) -> bool:
    unknown = not fault.failure.known and bool(fault.code)
    return unknown and not is_full(fault) and not is_out_of_memory(fault)


def _given_up(story: Story) -> Evidence | None:
    if story.run.status is not Status.DEAD:
        return None
    return next(
        (
            one
            for one in ending(story)
            if "lost over it" in one.words and story.run.losses
        ),
        None,
    )


def _weight(story: Story, found: Sequence[Hold]) -> Confidence:
    """Return likely, or possible when what the workers were at was done by others."""
    over = done(story)
    steps = [_step_of(story, one) for one in found]
    made_up = story.run.status is Status.SUCCEEDED or all(one in over for one in steps)
    return Confidence.POSSIBLE if made_up else Confidence.LIKELY


def _names(found: Sequence[Hold]) -> str:
    return listed(said(one.worker, 60) for one in found)


def _named(found: Sequence[Hold]) -> str:
    several = len({one.worker for one in found}) > 1
    return f"{'Workers' if several else 'Worker'} {_names(found)}"


def _then(story: Story) -> str:
    if story.run.status is Status.SUCCEEDED:
        return "the run itself needs nothing"
    if story.run.terminal:
        return f"then {again(story)}"
    return "the run goes on with another worker"


def _within(story: Story) -> str:
    if story.budget is None:
        return "in time"
    return f"within its lease of {lasting(story.budget.lease_seconds)}"


def _cost(story: Story) -> str:
    if story.run.status is Status.SUCCEEDED:
        return "another worker did the step again, and the run succeeded."
    if story.run.status in RUN.terminal:
        return f"the run ended as {story.run.status}."
    return "the run waits for another worker or is with one."


def _how_often(found: Sequence[Hold]) -> str:
    return f", {len(found)} times" if len(found) > 1 else ""


def _kills(dead: Sequence[Hold], found: Sequence[Hold]) -> str:
    if dead and len(dead) == len(found):
        return ", each of them killed: its process never wrote again"
    return f", {len(dead)} of them killed" if dead else ""


def _step_of(story: Story, hold: Hold) -> str:
    """Return the step that was put back when the run was taken from its worker."""
    seq = hold.lost.seq if hold.lost else 0
    return next(
        (
            said(told.event.subject, 60)
            for told in story.told
            if told.seq == seq and isinstance(told.event, schema.StepRetried)
        ),
        "",
    )


def _losses(found: Sequence[Hold]) -> tuple[Evidence, ...]:
    return tuple(
        shown(one.lost, f"taken from {said(one.worker, 60)}: {_reason(one)}")
        for one in found[:5]
        if one.lost is not None
    )


def _reason(hold: Hold) -> str:
    event = hold.lost.event if hold.lost else None
    return said(event.reason) if isinstance(event, schema.RunStateChanged) else ""


def _left_words(event: object) -> str:
    if not isinstance(event, schema.WorkerLeft):
        return "the worker let go"
    return f"{said(event.worker, 60)} let go ({event.why}): {said(event.error)}"

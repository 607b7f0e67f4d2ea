"""What ended a step's programs: limits of memory, time and output, or a crash."""

import errno
from collections.abc import Iterator, Mapping

from core.events import schema
from core.rca.cause import Cause, Confidence
from core.rca.causes.blame import Blame, again, blamed, ending, follows, surest
from core.rca.causes.faults import Fault, faults, shown
from core.rca.story import Story, Told
from core.rca.words import counted, lasting, listed, said
from core.runs.states import Status

MIB = 1024 * 1024
# No limit: a program that a signal ended by its own fault.
CRASHED = "crash"
ENDED_BY: Mapping[str, str] = {
    "memory": "for its use of memory",
    "timeout": "for it took too long",
    "cpu": "for its use of the processor",
    "output": "for it wrote too much",
    CRASHED: "by a signal, within all its limits",
}


def out_of_memory(story: Story) -> Iterator[Cause]:
    """Find that memory ran out, in a step or in a program in the sandbox.

    An error in a step is weighed as every other one. A program that was killed is
    likely the cause when its step failed, or when the run succeeded without what the
    program would have found; else it is possible.
    """
    blame = Blame(
        name="out_of_memory",
        matches=is_out_of_memory,
        sentence=lambda fault: (
            f"The worker ran out of memory {fault.where}"
            f"{f' at {fault.failure.place}' if fault.failure.place else ''}."
        ),
        next_action=lambda fault: (
            f"Give the worker more memory, or let fewer runs work at once "
            f"(NOFX_WORKERS), then {again(story, fault.step)}."
        ),
        explains=frozenset({"worker_crashed", "losses_exhausted", "lease_lost"}),
    )
    return surest(blamed(story, blame), _killed(story, "out_of_memory", "memory"))


def cpu_limit(story: Story) -> Iterator[Cause]:
    """Find that a program in the sandbox used up its time on the processor.

    Weighed as `out_of_memory` weighs a program that was killed.
    """
    return _killed(story, "cpu_limit", "cpu")


def output_limit(story: Story) -> Iterator[Cause]:
    """Find that a program in the sandbox wrote more than is read of it.

    Weighed as `out_of_memory` weighs a program that was killed.
    """
    return _killed(story, "output_limit", "output")


def program_crashed(story: Story) -> Iterator[Cause]:
    """Find that a program in the sandbox was ended by a signal, and by no limit.

    Weighed as `out_of_memory` weighs a program that was killed.
    """
    return _killed(story, "program_crashed", CRASHED)


def program_timed_out(story: Story) -> Iterator[Cause]:
    """Find that a program in the sandbox did not end in time, as `timed_out`."""
    return _killed(story, "timed_out", "timeout")


def is_out_of_memory(fault: Fault) -> bool:
    """Return whether an error says that there was no memory left."""
    return fault.code == "MemoryError" or fault.failure.errno == errno.ENOMEM


def _killed(story: Story, name: str, limit: str) -> Iterator[Cause]:
    found = [one for one in story.told if _killed_by(one) == limit]
    if not found:
        return
    steps = {_step(one) for one in found}
    standing = [one for one in faults(story) if one.step in steps and not one.overcome]
    done = story.run.status is Status.SUCCEEDED
    programs = listed(_program(one) for one in found)
    yield Cause(
        name=name,
        sentence=(
            f"{counted(len(found), 'program')} in the sandbox ({programs}) "
            f"{'was' if len(found) == 1 else 'were'} killed in step "
            f"{listed(said(one, 60) for one in steps_in_order(found))} "
            f"{ENDED_BY[limit]}, so what it read was not reviewed by it."
        ),
        confidence=Confidence.LIKELY if standing or done else Confidence.POSSIBLE,
        next_action=f"{_action(limit)}; then {again(story, _step(found[0]))}.",
        evidence=(*(shown(one, _used(one)) for one in found[:5]), *ending(story)),
        began_at=found[0].time,
        explains=_follows(story, standing),
    )


def _action(limit: str) -> str:
    if limit == CRASHED:
        return (
            "Run the program by hand on the files of the change, and take another "
            "version of it if it crashes there too"
        )
    return (
        "Look at the largest files of the change and split it, or leave generated ones "
        "out"
    )


def _follows(story: Story, standing: list[Fault]) -> frozenset[str]:
    return follows(story, standing) if standing else frozenset()


def steps_in_order(found: list[Told]) -> list[str]:
    """Return the steps of programs, each once."""
    return list(dict.fromkeys(_step(one) for one in found))


def _killed_by(told: Told) -> str | None:
    event = told.event
    if not isinstance(event, schema.SandboxFinished):
        return None
    # Without an exit code it was a signal.
    return event.killed_by or (CRASHED if event.exit_code is None else None)


def _step(told: Told) -> str:
    event = told.event
    return event.step if isinstance(event, schema.SandboxFinished) else ""


def _program(told: Told) -> str:
    event = told.event
    return said(event.program, 60) if isinstance(event, schema.SandboxFinished) else ""


def _used(told: Told) -> str:
    event = told.event
    if not isinstance(event, schema.SandboxFinished):
        return ""
    by = f"its {event.killed_by} limit" if event.killed_by else "a signal"
    return (
        f"{_program(told)} killed by {by} after "
        f"{lasting(event.wall_seconds)} with {event.peak_memory_bytes / MIB:.0f} MiB"
    )

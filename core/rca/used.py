"""What each step of a run used, summed up over its tries."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from core.events import schema
from core.rca.story import Told


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUse:
    """What the tries of one step used, with their programs and model calls.

    Seconds, bytes and US dollars; `peak_bytes` is the largest of any program or call.
    """

    step: str
    status: str = "pending"
    tries: int = 0
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    requests: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    programs: int = 0
    tokens: int = 0
    cost_usd: float = 0.0


def used(told: Iterable[Told]) -> tuple[StepUse, ...]:
    """Return what each step used, in the order in which they were first told of."""
    steps: dict[str, StepUse] = {}
    for one in told:
        name = _step_of(one)
        if name:
            known = steps.get(name, StepUse(step=name))
            steps[name] = _moved(_added(known, one), one)
    return tuple(steps.values())


def _step_of(told: Told) -> str:
    match told.event:
        case schema.StepMove() as event:
            return event.subject
        case schema.SandboxFinished() | schema.ModelCalled() as event:
            return event.step
        case _:
            return ""


def _moved(known: StepUse, told: Told) -> StepUse:
    event = told.event
    if not isinstance(event, schema.StepMove):
        return known
    tries = event.attempt if isinstance(event, schema.StepStarted) else 0
    return replace(known, status=event.to, tries=max(known.tries, tries))


def _added(known: StepUse, told: Told) -> StepUse:
    match told.event:
        case schema.StepFinished() | schema.StepRetried() as event:
            return _tried(known, event)
        case schema.SandboxFinished() as event:
            return replace(
                known,
                programs=known.programs + 1,
                cpu_seconds=known.cpu_seconds + event.cpu_seconds,
                peak_bytes=max(known.peak_bytes, event.peak_memory_bytes),
            )
        case schema.ModelCalled() as event:
            return replace(
                known,
                tokens=known.tokens + event.input_tokens + event.output_tokens,
                cost_usd=known.cost_usd + event.cost_usd,
                peak_bytes=max(known.peak_bytes, event.peak_memory_bytes),
                bytes_sent=known.bytes_sent + event.bytes_sent,
                bytes_received=known.bytes_received + event.bytes_received,
            )
        case _:
            return known


def _tried(known: StepUse, event: schema.StepFinished | schema.StepRetried) -> StepUse:
    seconds = event.seconds if isinstance(event, schema.StepFinished) else 0.0
    use = event.used
    if use is None:
        return replace(known, wall_seconds=known.wall_seconds + seconds)
    return replace(
        known,
        wall_seconds=known.wall_seconds + use.wall_seconds,
        cpu_seconds=known.cpu_seconds + use.cpu_seconds,
        requests=known.requests + use.github_requests,
        bytes_sent=known.bytes_sent + use.github_bytes_sent,
        bytes_received=known.bytes_received + use.github_bytes_received,
    )

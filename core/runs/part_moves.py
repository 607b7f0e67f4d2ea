"""How a run's effects and findings move: pure, from states to events."""

from typing import TypeVar

from core.events import schema
from core.events.base import JSON, Payload
from core.runs.model import Run
from core.runs.states import EFFECT, FINDING

F = TypeVar("F", bound=schema.FindingMove)


def effect_intended(
    run: Run, key: str, kind: str, digest: str, step: str = ""
) -> Payload:
    """Say what is about to be written to GitHub, and in which step."""
    known = run.effects.get(key)
    from_ = known.status if known else None
    return schema.EffectIntended(
        subject=key,
        transition="intend",
        from_=from_,
        to=EFFECT.step("intend", from_),
        kind=kind,
        digest=digest,
        step=step,
    )


def effect_performed(key: str, result: JSON) -> Payload:
    """Say that GitHub took the write that was intended."""
    from_ = "intended"
    to = EFFECT.step("perform", from_)
    return schema.EffectPerformed(
        subject=key, transition="perform", from_=from_, to=to, result=result
    )


def effect_reconciled(run: Run, key: str, result: JSON | None) -> Payload:
    """Say whether a write with an unclear end was found at GitHub."""
    name = "miss" if result is None else "find"
    from_, to = _effect_move(run, key, name)
    return schema.EffectReconciled(
        subject=key, transition=name, from_=from_, to=to, result=result
    )


def effect_failed(run: Run, key: str, error: str) -> Payload:
    """Say that GitHub refused the write for good."""
    from_, to = _effect_move(run, key, "fail")
    return schema.EffectFailed(
        subject=key, transition="fail", from_=from_, to=to, error=error
    )


def _effect_move(run: Run, key: str, transition: str) -> tuple[str, str]:
    from_ = run.effects[key].status
    return from_, EFFECT.step(transition, from_)


def finding_moved(kind: type[F], fingerprint: str, from_: str, **facts: object) -> F:
    """Move a finding from a state by the one row that this type of event is for."""
    (transition,) = kind.transitions
    to = FINDING.step(transition, from_)
    moved = {"subject": fingerprint, "transition": transition, "from": from_, "to": to}
    return kind.model_validate({**moved, **facts})

"""What happens to writes at GitHub: intended, performed, read back, taken over."""

from typing import ClassVar, Literal

from core.events.base import JSON, Move


class EffectMove(Move):
    """A write to GitHub moves; `subject` is its key, unique inside the run."""

    machine: ClassVar[str] = "effect"


class EffectIntended(EffectMove):
    """A write is about to be made in `step`; `digest` is that of its content."""

    transitions: ClassVar[frozenset[str]] = frozenset({"intend"})
    type: Literal["effect.intended"] = "effect.intended"
    kind: str
    digest: str
    step: str = ""


class EffectPerformed(EffectMove):
    """The write was answered; `result` is what later steps need of the answer."""

    transitions: ClassVar[frozenset[str]] = frozenset({"perform"})
    type: Literal["effect.performed"] = "effect.performed"
    result: JSON


class EffectReconciled(EffectMove):
    """After an unclear end, the write was found at GitHub, or found missing."""

    transitions: ClassVar[frozenset[str]] = frozenset({"find", "miss"})
    type: Literal["effect.reconciled"] = "effect.reconciled"
    result: JSON | None = None


class EffectFailed(EffectMove):
    """GitHub refused the write for good."""

    transitions: ClassVar[frozenset[str]] = frozenset({"fail"})
    type: Literal["effect.failed"] = "effect.failed"
    error: str


class EffectInherited(EffectMove):
    """A run that this one goes on from made the write, so it is not made again."""

    transitions: ClassVar[frozenset[str]] = frozenset({"inherit"})
    type: Literal["effect.inherited"] = "effect.inherited"
    kind: str
    digest: str
    step: str
    result: JSON
    from_run: str

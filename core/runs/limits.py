"""How long steps and runs may take, and how outages are met."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from core.runs.retries import Retries


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds that a step, a run and people at a gate may take, and the retries.

    `run_seconds` counts from when the run was asked for, by a push or a person,
    `unheard_seconds` from one try to say at GitHub how a run ends to the next.
    `chance` returns numbers from 0 to 1, by which waits are spread.
    """

    step_seconds: float = 600.0
    run_seconds: float = 7_200.0
    gate_seconds: float = 14 * 86_400.0
    settle_seconds: float = 2.0
    unheard_seconds: float = 60.0
    retries: Retries = field(default_factory=Retries)
    chance: Callable[[], float] = random.random

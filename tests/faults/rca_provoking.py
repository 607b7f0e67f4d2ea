"""A fault that is provoked, and the cause that must be named for it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.rca.cause import Analysis
from core.runs.limits import Limits
from tests.faults.rca_scene import LIMITS, Scene

# Does what goes wrong, and returns the run to which it was done.
How = Callable[[Scene], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provoked:
    """One row of the matrix: what is done, and the rule that must find it.

    `name` is the rule's, `how` says in words what is done. What gives a setting to
    other causes stands behind them: it need only be `among` the causes. `slow` ones
    need processes and leases; `limits` are what the run was allowed.
    """

    name: str
    how: str
    do: How
    among: bool = False
    slow: bool = False
    limits: Limits = LIMITS

    @property
    def id(self) -> str:
        """Return a short name for the test's report."""
        return f"{self.name}: {self.how}"

    def hit(self, analysis: Analysis) -> bool:
        """Return whether the analysis names the cause where it has to stand."""
        names = [one.name for one in analysis.causes]
        return self.name in names if self.among else names[0] == self.name

"""Every rule that finds causes in a run's story, by its name."""

from collections.abc import Mapping
from types import MappingProxyType

from core.rca.cause import Rule
from core.rca.causes.fallback import first_error
from core.rca.causes.github import (
    github_forbidden,
    github_invalid,
    github_not_found,
    github_rate_limited,
    github_unauthorized,
    github_unavailable,
)
from core.rca.causes.workers import (
    lease_lost,
    losses_exhausted,
    worker_crashed,
    worker_fenced,
    worker_killed,
)

# In the order in which they stand among equals.
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.__name__: rule
        for rule in (
            github_unauthorized,
            github_forbidden,
            github_not_found,
            github_invalid,
            github_rate_limited,
            github_unavailable,
            worker_crashed,
            losses_exhausted,
            worker_killed,
            worker_fenced,
            lease_lost,
            first_error,
        )
    }
)

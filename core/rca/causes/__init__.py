"""Every rule that finds causes in a run's story, by its name."""

from collections.abc import Mapping
from types import MappingProxyType

from core.rca.cause import Rule
from core.rca.causes.config import configuration_invalid
from core.rca.causes.effects import anchor_rejected, unclear_write
from core.rca.causes.endings import (
    cancelled_by_person,
    head_moved,
    paused,
    superseded,
)
from core.rca.causes.fallback import first_error
from core.rca.causes.gates import gate_expired, gate_failed, gate_rejected
from core.rca.causes.github import (
    github_forbidden,
    github_invalid,
    github_not_found,
    github_rate_limited,
    github_unauthorized,
    github_unavailable,
)
from core.rca.causes.history import diverged, seen_before
from core.rca.causes.models import (
    model_bad_schema,
    model_budget,
    model_rate_limited,
    model_refused,
)
from core.rca.causes.sandbox import (
    cpu_limit,
    out_of_memory,
    output_limit,
    program_crashed,
)
from core.rca.causes.store import checkpoint_unreadable, database_lost, disk_full
from core.rca.causes.timing import queue_starved, timed_out
from core.rca.causes.workers import (
    lease_lost,
    losses_exhausted,
    worker_crashed,
    worker_fenced,
    worker_killed,
)

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "gate_failed": gate_failed,
        "gate_rejected": gate_rejected,
        "gate_expired": gate_expired,
        "model_refused": model_refused,
        "model_bad_schema": model_bad_schema,
        "model_budget": model_budget,
        "model_rate_limited": model_rate_limited,
        "github_unauthorized": github_unauthorized,
        "github_forbidden": github_forbidden,
        "github_not_found": github_not_found,
        "github_invalid": github_invalid,
        "github_rate_limited": github_rate_limited,
        "github_unavailable": github_unavailable,
        "unclear_write": unclear_write,
        "anchor_rejected": anchor_rejected,
        "lease_lost": lease_lost,
        "worker_killed": worker_killed,
        "worker_fenced": worker_fenced,
        "worker_crashed": worker_crashed,
        "losses_exhausted": losses_exhausted,
        "out_of_memory": out_of_memory,
        "timed_out": timed_out,
        "cpu_limit": cpu_limit,
        "output_limit": output_limit,
        "program_crashed": program_crashed,
        "disk_full": disk_full,
        "database_lost": database_lost,
        "checkpoint_unreadable": checkpoint_unreadable,
        "superseded": superseded,
        "cancelled_by_person": cancelled_by_person,
        "head_moved": head_moved,
        "paused": paused,
        "configuration_invalid": configuration_invalid,
        "queue_starved": queue_starved,
        "first_error": first_error,
        "seen_before": seen_before,
        "diverged": diverged,
    }
)

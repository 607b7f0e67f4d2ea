"""Every module of metrics: who serves the registry from here serves all of them."""

from core.metrics import (
    bundles,
    deliveries,
    findings,
    gates,
    gauges,
    github,
    handlers,
    journal,
    logs,
    memory,
    models,
    process,
    runs,
    sandbox,
    store,
    stream,
)
from core.metrics.registry import REGISTRY

__all__ = ["REGISTRY", "ROOMS"]
ROOMS = (
    bundles,
    deliveries,
    findings,
    gates,
    gauges,
    github,
    handlers,
    journal,
    logs,
    memory,
    models,
    process,
    runs,
    sandbox,
    store,
    stream,
)

"""Every module of metrics, so that all of them are known once this one is imported."""

from core.metrics import (
    deliveries,
    findings,
    gates,
    github,
    handlers,
    journal,
    logs,
    models,
    process,
    runs,
    sandbox,
    store,
    stream,
)

ROOMS = (
    deliveries,
    findings,
    gates,
    github,
    handlers,
    journal,
    logs,
    models,
    process,
    runs,
    sandbox,
    store,
    stream,
)

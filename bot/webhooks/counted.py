"""Counts deliveries: how each was taken in, and how each attempt at it ended."""

from collections.abc import Mapping
from typing import Literal

from bot.webhooks.events import KINDS
from core.metrics.deliveries import DELIVERIES, EVENTS
from core.metrics.handlers import HANDLERS

EVENTS.allow(*sorted(KINDS))
HANDLERS.allow(*(f"delivery:{event}" for event in EVENTS.values))
# How the end of an attempt is called in the inbox, and how among the results.
End = Literal["done", "ignored", "put_back", "dead"]
RESULTS: Mapping[End, str] = {
    "done": "done",
    "ignored": "ignored",
    "put_back": "retried",
    "dead": "dead",
}


def taken_in(event: str, *, new: bool, ignored: bool) -> None:
    """Count a delivery that was stored, now or before."""
    DELIVERIES.inc(event=event, result="received" if new else "duplicate")
    if new and ignored:
        DELIVERIES.inc(event=event, result="ignored")


def refused(event: str) -> None:
    """Count a delivery that was turned away."""
    DELIVERIES.inc(event=event, result="refused")


def ended(event: str, end: End) -> None:
    """Count an attempt that was recorded."""
    DELIVERIES.inc(event=event, result=RESULTS[end])


def handler_of(event: str) -> str:
    """Return the name under which work on such deliveries is accounted."""
    return f"delivery:{EVENTS.of(event)}"

"""What runs here; the client library itself tells memory, processor and files."""

from core.metrics.bounds import Bound
from core.metrics.registry import BoundedGauge

VERSIONS = Bound()
PYTHONS = Bound()

BUILD = BoundedGauge(
    "nofx_build_info",
    "Always 1; the labels say which nofx runs here, on which Python.",
    {"version": VERSIONS, "python": PYTHONS},
)


def describe_build(*, version: str, python: str) -> None:
    """Say what runs here."""
    VERSIONS.allow(version)
    PYTHONS.allow(python)
    BUILD.set(1, version=version, python=python)

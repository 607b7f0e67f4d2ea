"""What the demo is asked to show."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoWish:
    """Two commits of a repository; what is None is chosen; `once` ends it after."""

    repo: Path | None
    base: str | None
    head: str | None
    once: bool

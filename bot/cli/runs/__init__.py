"""`nofx runs`: looking at runs and acting on them, with the API or without it."""

from bot.cli.runs import acting, merging, reading, states
from bot.cli.runs.group import runs

__all__ = ["acting", "merging", "reading", "runs", "states"]

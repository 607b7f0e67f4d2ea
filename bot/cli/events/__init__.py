"""The commands of `nofx events`: what happened, and what events look like."""

from bot.cli.events.group import events

__all__ = ["events"]

"""Runs a program on hostile files as a child with limits, and measures it."""

from core.sandbox.command import Command, Limits, Outcome
from core.sandbox.sandbox import Sandbox
from core.sandbox.witness import Seen, witnessing

__all__ = ["Command", "Limits", "Outcome", "Sandbox", "Seen", "witnessing"]

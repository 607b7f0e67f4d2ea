"""Why ruff's rules exist, in ruff's own words, asked of the ruff that is installed."""

import re

from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.models.rules.analyzer import program
from core.sandbox import Command, Limits, Sandbox

WHY = re.compile(
    r"^## Why is this bad\?\s*\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL
)
LIMITS = Limits(cpu_seconds=10, wall_seconds=20, output_bytes=16 << 20)


class _Rule(BaseModel):
    """One entry of `ruff rule --all`."""

    code: str | None
    explanation: str | None = None


RULES = TypeAdapter(tuple[_Rule, ...])


class Reasons:
    """Knows each rule's reason; ruff is asked once, at the first need."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._known: dict[str, str] | None = None

    async def all(self) -> dict[str, str]:
        """Return reasons by code; empty when this ruff does not tell them."""
        if self._known is None:
            self._known = await self._ask()
        return self._known

    async def _ask(self) -> dict[str, str]:
        argv = (program("ruff"), "rule", "--all", "--output-format=json")
        outcome = await self._sandbox.run(Command(argv=argv, limits=LIMITS))
        try:
            rules = RULES.validate_json(outcome.stdout)
        except ValidationError:
            return {}
        return {
            rule.code: why_in(rule.explanation or "") for rule in rules if rule.code
        }


def why_in(explanation: str) -> str:
    """Return the first paragraph of why a rule is there; empty when it has none."""
    found = WHY.search(explanation)
    first = found.group(1).strip().split("\n\n")[0] if found else ""
    # What introduces code or a list would end in nothing.
    return "" if "```" in first or first.endswith(":") else " ".join(first.split())

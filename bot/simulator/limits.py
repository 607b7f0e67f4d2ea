"""The hourly rate limit that GitHub counts for each App and installation."""

from dataclasses import dataclass

from bot.simulator.answers import Json, RefusedError
from core.clock import Clock

HOUR = 3600


@dataclass(slots=True)
class Window:
    """How much of an hour's requests is used, and when the hour ends."""

    used: int
    reset: int


class RateLimits:
    """Counts requests; `limit` can be lowered to see what happens at the end."""

    def __init__(self, clock: Clock, limit: int = 5000) -> None:
        self.limit = limit
        self._clock = clock
        self._windows: dict[str, Window] = {}

    def _window(self, key: str) -> Window:
        now = int(self._clock.now().timestamp())
        window = self._windows.get(key)
        if window is None or window.reset <= now:
            window = self._windows[key] = Window(used=0, reset=now + HOUR)
        return window

    def count(self, key: str) -> None:
        """Count one request; refuses it when the hour's share is used."""
        window = self._window(key)
        if window.used >= self.limit:
            raise RefusedError(
                403,
                "API rate limit exceeded for installation.",
                headers=self.headers(key),
            )
        window.used += 1

    def forgive(self, key: str) -> None:
        """Take a request back: an answer of 304 costs nothing."""
        self._window(key).used -= 1

    def headers(self, key: str) -> dict[str, str]:
        """Return the `X-RateLimit-*` headers."""
        facts = self.facts(key)
        names = ("limit", "remaining", "reset", "used")
        shown = {f"X-RateLimit-{name.title()}": str(facts[name]) for name in names}
        return {**shown, "X-RateLimit-Resource": "core"}

    def facts(self, key: str) -> Json:
        """Return limit, remaining, reset (seconds since 1970) and used."""
        window = self._window(key)
        return {
            "limit": self.limit,
            "used": window.used,
            "remaining": self.limit - window.used,
            "reset": window.reset,
        }

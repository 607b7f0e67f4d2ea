"""Who may make the App: whoever has the terminal's key, back from GitHub."""

import hmac
import secrets
from datetime import datetime, timedelta

from core.clock import Clock
from core.errors import SetupRefusedError

BYTES = 24
LIFE = timedelta(hours=1)
MOST_STATES = 100


class SetupDesk:
    """Knows one key, and the states that were given out for it; each counts once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.key = secrets.token_urlsafe(BYTES)
        self._ends = clock.now() + LIFE
        self._states: dict[str, datetime] = {}

    def admit(self, key: str) -> str:
        """Return a fresh state for whoever knows the key; raises SetupRefusedError."""
        if not hmac.compare_digest(_bytes(key), _bytes(self.key)):
            raise SetupRefusedError(reason="the key in the address is not the one here")
        if self._ends <= self._clock.now():
            raise SetupRefusedError(reason="its link is older than an hour")
        state = secrets.token_urlsafe(BYTES)
        # Reloading the page for ever takes the oldest away.
        while len(self._states) >= MOST_STATES:
            self._states.pop(next(iter(self._states)))
        self._states[state] = self._clock.now() + LIFE
        return state

    def redeem(self, state: str) -> None:
        """Use a state up; raises SetupRefusedError for one that does not count."""
        ends = self._states.pop(state, None)
        if ends is None:
            raise SetupRefusedError(reason="GitHub was not asked from here, or twice")
        if ends <= self._clock.now():
            raise SetupRefusedError(reason="it took longer than an hour")


def _bytes(text: str) -> bytes:
    """Return what came in an address, which need not be text."""
    return text.encode(errors="surrogateescape")

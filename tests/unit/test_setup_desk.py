"""Who may make the App is known by a key for an hour, and by states that count once."""

from datetime import timedelta

import pytest

from bot.setup.desk import MOST_STATES, SetupDesk
from core.errors import SetupRefusedError
from tests.fakes.clock import FakeClock


def test_a_state_counts_once(clock: FakeClock) -> None:
    """Each is given to who has the key, and used up by its first return."""
    desk = SetupDesk(clock)
    first, second = desk.admit(desk.key), desk.admit(desk.key)
    desk.redeem(second)
    desk.redeem(first)
    with pytest.raises(SetupRefusedError, match="or twice"):
        desk.redeem(first)


@pytest.mark.parametrize("key", ["", "guessed", "é", "\udce9"])
def test_no_other_key_opens(clock: FakeClock, key: str) -> None:
    """Whatever bytes stand in the address."""
    with pytest.raises(SetupRefusedError, match="is not the one here"):
        SetupDesk(clock).admit(key)


async def test_an_hour_ends_both(clock: FakeClock) -> None:
    """A link that was left in a log opens nothing later."""
    desk = SetupDesk(clock)
    state = desk.admit(desk.key)
    await clock.advance(timedelta(hours=1).total_seconds())
    with pytest.raises(SetupRefusedError, match="older than an hour"):
        desk.admit(desk.key)
    with pytest.raises(SetupRefusedError, match="longer than an hour"):
        desk.redeem(state)


def test_reloading_keeps_no_more_than_so_many(clock: FakeClock) -> None:
    """The oldest state gives way."""
    desk = SetupDesk(clock)
    states = [desk.admit(desk.key) for _ in range(MOST_STATES + 1)]
    with pytest.raises(SetupRefusedError):
        desk.redeem(states[0])
    desk.redeem(states[1])

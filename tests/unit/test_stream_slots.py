"""How many streams are open, and whose."""

from dataclasses import dataclass

from bot.api.stream_slots import Slots
from bot.setting_values import StreamPolicy
from core.access.tokens import Scope, Token
from core.clock import SystemClock


@dataclass(eq=False)
class Client:
    """Whoever listens, and may be gone."""

    gone: bool = False


def token(name: str) -> Token:
    """Return a token that may read."""
    return Token(
        id=name,
        prefix=name,
        digest="",
        name="",
        scopes=(Scope.READ,),
        created_at=SystemClock().now(),
    )


MINE, YOURS, THEIRS = (token(name) for name in ("mine", "yours", "theirs"))


def test_streams_are_counted_together_and_for_each_token() -> None:
    """A place is free again as soon as its stream has ended."""
    slots = Slots(StreamPolicy(most=3, most_a_token=2, secure=False))
    with slots.one(MINE, Client()) as first:
        with slots.one(MINE, Client()) as second:
            assert first
            assert second
            with slots.one(MINE, Client()) as third, slots.one(YOURS, Client()) as one:
                assert (third, one) == (False, True)
                with slots.one(THEIRS, Client()) as late:
                    assert not late
        with slots.one(MINE, Client()) as again:
            assert again


def test_clients_that_are_gone_take_no_room_from_who_comes_back() -> None:
    """A proxy that restarts cuts all of them off, and their streams notice late."""
    slots = Slots(StreamPolicy(most=2, most_a_token=1, secure=False))
    mine, yours = Client(), Client()
    with slots.one(MINE, mine), slots.one(YOURS, yours):
        yours.gone = True
        with slots.one(MINE, Client()) as second, slots.one(THEIRS, Client()) as late:
            assert (second, late) == (False, True)
            with slots.one(YOURS, Client()) as full:
                assert not full
        mine.gone = True
        with slots.one(MINE, Client()) as back:
            assert back

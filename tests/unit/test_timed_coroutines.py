"""A coroutine that is timed does what it would untimed, and no time counts twice."""

from collections.abc import Coroutine, Generator, Iterator
from time import thread_time
from types import coroutine
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.metrics.handler_cpu import Account, Timed

# What a coroutine does at each of its turns, and what is done to it.
TURNS = st.lists(st.sampled_from(["yield", "raise", "catch", "return"]), max_size=6)
PIECE = 0.0002
DRIVES = st.lists(st.sampled_from(["send", "throw", "close", "value"]), max_size=9)


@coroutine
def scripted(turns: list[str]) -> Generator[object, object, object]:
    """Do what the script says, and answer with what was sent."""
    got: object = None
    for number, turn in enumerate(turns):
        match turn:
            case "raise":
                raise LookupError(number)
            case "return":
                return number, got
            case "catch":
                try:
                    got = yield number
                except ArithmeticError as error:
                    got = f"caught {error}"
            case _:
                got = yield number
    return "end", got


def driven(work: Coroutine[Any, Any, Any], drives: list[str]) -> Iterator[str]:
    """Drive a coroutine, and tell all that can be seen of it."""
    started = False
    for drive in drives:
        try:
            match drive:
                case "throw":
                    answer = work.throw(ArithmeticError("thrown"))
                case "close":
                    work.close()
                    answer = "closed"
                case "value" if started:
                    answer = work.send("value")
                case _:
                    answer = work.send(None)
        except StopIteration as end:
            yield f"returned {end.value}"
        except (LookupError, ArithmeticError, RuntimeError) as error:
            yield f"{type(error).__name__}: {error}"
        else:
            yield f"yielded {answer}"
        started = started or drive != "close"
    work.close()


@given(turns=TURNS, drives=DRIVES)
def test_a_timed_coroutine_does_what_it_would_untimed(
    turns: list[str], drives: list[str]
) -> None:
    """Whatever it does and whatever is done to it; and no time is ever negative."""

    async def work() -> object:
        return await scripted(turns)

    account = Account("test")
    began = thread_time()
    timed = list(driven(Timed(work(), account), drives))
    spent = thread_time() - began
    assert timed == list(driven(work(), drives))
    assert 0 <= account.total <= spent + 1e-6


@given(depth=st.integers(1, 6), rests=st.integers(0, 3))
def test_nested_charges_add_up_to_no_more_than_the_time(depth: int, rests: int) -> None:
    """However deep handlers are nested, what is spent is charged once."""
    accounts = [Account("even"), Account("odd")]

    async def level(left: int) -> int:
        end = thread_time() + PIECE
        while thread_time() < end:
            pass
        for _ in range(rests):
            await scripted(["yield"])
        if left == 0:
            return 0
        return 1 + await Timed(level(left - 1), accounts[left % 2])

    began = thread_time()
    told = list(driven(Timed(level(depth), accounts[0]), ["send"] * 99))
    spent = thread_time() - began
    assert f"returned {depth}" in told
    charged = sum(account.total for account in accounts)
    assert PIECE * (depth + 1) <= charged <= spent + 1e-6

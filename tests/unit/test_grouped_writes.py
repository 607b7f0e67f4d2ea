"""Concurrent callers share writes, and each gets its own answer."""

import asyncio
from collections.abc import Sequence
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.store.grouped import GroupedWrites


class Log:
    """A place to write numbers: refuses negative ones, fails as a whole on zero."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []

    async def write(self, items: Sequence[int]) -> list[int | Exception]:
        """Take a group; what arrives meanwhile waits."""
        self.groups.append(list(items))
        await asyncio.sleep(0)
        if 0 in items:
            raise ConnectionError
        return [ValueError(item) if item < 0 else item * 10 for item in items]


async def test_one_that_comes_alone_goes_alone_and_the_others_together() -> None:
    """Nobody waits for company; who arrives during a write shares the next."""
    log = Log()
    writes = GroupedWrites(log.write, most=3)

    answers = await asyncio.gather(*(writes.add(item) for item in range(1, 7)))

    assert answers == [10, 20, 30, 40, 50, 60]
    assert sorted(chain(*log.groups)) == [1, 2, 3, 4, 5, 6]
    assert max(map(len, log.groups)) == 3
    assert await writes.add(7) == 70
    assert log.groups[-1] == [7]


@given(st.lists(st.integers(-50, 50), max_size=40), st.integers(1, 8))
def test_each_caller_gets_its_own_answer(items: list[int], most: int) -> None:
    """A refused item fails its caller alone, a failed write its whole group."""

    async def run() -> None:
        log = Log()
        writes = GroupedWrites(log.write, most=most)
        jobs = (writes.add(item) for item in items)
        answers = await asyncio.gather(*jobs, return_exceptions=True)
        assert sorted(chain(*log.groups)) == sorted(items)
        for item, answer in zip(items, answers, strict=True):
            if isinstance(answer, ConnectionError):
                assert any(0 in group for group in log.groups if item in group)
            elif item < 0:
                assert isinstance(answer, ValueError)
                assert answer.args == (item,)
            else:
                assert answer == item * 10

    asyncio.run(run())


async def test_a_caller_that_leaves_disturbs_nobody() -> None:
    """A cancelled caller's item may be written; the others get their answers."""
    log = Log()
    writes = GroupedWrites(log.write)
    leaving = asyncio.create_task(writes.add(1))
    staying = asyncio.create_task(writes.add(2))
    await asyncio.sleep(0)
    leaving.cancel()

    assert await staying == 20
    with pytest.raises(asyncio.CancelledError):
        await leaving

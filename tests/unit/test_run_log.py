"""What a step says is kept within bounds, and goes to its own run alone."""

import asyncio
import json
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from core.errors import StoreUnavailableError
from core.events.base import Payload
from core.events.schema import StepFinished, StepRetried
from core.runs.run_log import (
    Bounds,
    Line,
    Lines,
    RunLog,
    StepLog,
    collect,
    collecting,
    shortened,
)

SMALL = Bounds(lines=3, characters=200, text=40)
LINES = st.lists(st.text(max_size=120).map(lambda text: {"event": text}), max_size=30)


def finished(step: str = "one", log: str | None = None) -> StepFinished:
    """Return the end of a step."""
    return StepFinished(
        subject=step, transition="succeed", from_="running", to="succeeded", log=log
    )


def retried(transition: str, step: str = "one") -> StepRetried:
    """Return a step's way back, or its way on again."""
    return StepRetried(
        subject=step,
        transition=transition,
        from_="running",
        to="retry_wait",
        attempt=1,
        error="away",
    )


class Shelf:
    """Keeps what is given to it, and says how often."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.kept: list[Lines] = []

    async def keep(self, lines: Lines) -> str:
        """Keep lines under a number."""
        if self.away:
            raise StoreUnavailableError(reason="no server")
        self.kept.append(lines)
        return f"sha256:{len(self.kept)}"


def digests(events: Sequence[Payload]) -> list[str | None]:
    """Return the logs that the events name."""
    return [getattr(event, "log", None) for event in events]


@given(LINES)
def test_the_first_and_the_last_lines_are_kept(lines: list[Line]) -> None:
    """What is missing is missing in the middle, and it is counted."""
    step = StepLog("one", SMALL)
    for line in lines:
        step.add(line)
    kept = step.lines()
    short = [shortened(line, SMALL.text) for line in lines]
    first, last = len(kept.first), len(kept.last)
    assert list(kept.first) == short[:first]
    assert list(kept.last) == short[len(short) - last :]
    assert first + kept.left_out + last == len(lines) == len(step)
    for half in (kept.first, kept.last):
        assert len(half) <= SMALL.lines
        assert sum(len(json.dumps(line)) for line in half) <= SMALL.characters
    alone = [len(json.dumps(line)) for line in short[:1]]
    assert not kept.left_out or len(lines) > 1 or alone[0] > SMALL.characters


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=90),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text(max_size=5), inner, max_size=4)
        ),
    )
)
def test_every_line_becomes_strict_json(value: object) -> None:
    """Whatever was logged; texts over the bound lose their middle alone."""
    line = shortened({"event": "x", "value": value}, 40)
    json.dumps(line, allow_nan=False)
    assert shortened({"value": "a" * 40}, 40) == {"value": "a" * 40}
    cut = str(shortened({"value": "a" * 30 + "b" * 30}, 40)["value"])
    assert cut == f"{'a' * 20}… 20 characters …{'b' * 20}"


async def test_lines_go_to_the_run_in_whose_context_they_were_said() -> None:
    """Tasks and threads of a run speak for it; two runs at once do not mix."""
    shelf = Shelf()

    async def spoken(name: str) -> None:
        run_log = RunLog(shelf.keep)
        with collecting(name, run_log):
            run_log.begin("one")
            for number in range(3):
                collect({"event": name, "number": number})
                await asyncio.sleep(0)
            async with asyncio.TaskGroup() as group:
                group.create_task(asyncio.to_thread(collect, {"event": name}))
        collect({"event": "nobody's"})
        await run_log.named_in([finished()])

    await asyncio.gather(spoken("a"), spoken("b"))
    collect({"event": "nobody's"})
    said = [[line["event"] for line in kept.first] for kept in shelf.kept]
    assert sorted(said) == [["a"] * 4, ["b"] * 4]


async def test_only_the_end_of_a_try_names_its_lines() -> None:
    """Not its being taken up again, nor the end of another step."""
    shelf = Shelf()
    run_log = RunLog(shelf.keep)
    run_log.begin("one")
    assert digests(await run_log.named_in([finished()])) == [None]
    run_log.add({"event": "x"})
    assert (
        digests(await run_log.named_in([finished("two"), retried("due")])) == [None] * 2
    )
    assert shelf.kept == []
    events = await run_log.named_in([retried("back_off"), finished("two")])
    assert digests(events) == ["sha256:1", None]
    # Decided anew after a lost race: what is stored already is not stored again.
    assert digests(await run_log.named_in([finished()])) == ["sha256:1"]
    run_log.add({"event": "y"})
    assert digests(await run_log.named_in([finished()])) == ["sha256:2"]
    run_log.end([retried("due")])
    run_log.add({"event": "z"})
    run_log.end([finished()])
    run_log.add({"event": "between two steps"})
    assert digests(await run_log.named_in([finished()])) == [None]
    assert [len(kept.first) for kept in shelf.kept] == [1, 2]


async def test_a_log_that_cannot_be_stored_does_not_hold_up_the_run() -> None:
    """The event is appended without it."""
    run_log = RunLog(Shelf(away=True).keep)
    run_log.begin("one")
    run_log.add({"event": "x"})
    assert digests(await run_log.named_in([finished()])) == [None]

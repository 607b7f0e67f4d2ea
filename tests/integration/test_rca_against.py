"""What a story tells of the last green run, and of where the two came apart."""

from collections.abc import AsyncIterator

import pytest
from typing_extensions import override

from core.checkpoints.diff.model import DiffRules
from core.clock import SystemClock
from core.store.database import Database
from tests.fakes.acts import REFUSED, leaving, raising
from tests.fakes.stage import Stage, staged
from tests.fakes.story_readers import reader_on
from tests.integration.test_rca_reading import PASSES, ended, story_of


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """Give a stage with the steps `one` and `two`."""
    stage = await staged(database)
    yield stage
    await stage.close()


class SlowClock(SystemClock):
    """The clock of a machine on which everything takes five seconds."""

    def __init__(self) -> None:
        self._looked = 0

    @override
    def monotonic(self) -> float:
        self._looked += 1
        return super().monotonic() + 5.0 * self._looked


async def test_the_last_green_run_is_told_with_what_differs(stage: Stage) -> None:
    """The first step that left another state, and how it differs in words."""
    stage.pipeline.by_name["one"].checks = (PASSES,)
    stage.pipeline.script("one", leaving(size=7, at="9:00", same="x"))
    green = await ended(stage, "succeeded")
    stage.pipeline.script("one", leaving(size=8, at="9:30", same="x", more=[1]))
    stage.pipeline.script("two", raising(REFUSED))
    failed = await ended(stage, "failed", head="b")
    rules = {stage.pipeline.name: DiffRules(noise=("/at",))}
    reader = reader_on(stage.database, stage.runs, rules=rules)
    story = await reader.read(failed)
    assert story.green is not None
    assert (story.green.run_id, story.green.same_pull) == (green, True)
    assert [one.status for one in story.green.steps] == ["succeeded"] * 2
    told = [(one.step, one.path, one.words) for one in story.green.diverged]
    assert sorted(told) == [
        ("one", "/more", "is new: [1]"),
        ("one", "/size", "was 7, is 8"),
    ]
    elsewhere = await reader.read(await ended(stage, "failed", head="b", pull=2))
    assert elsewhere.green is not None
    assert (elsewhere.green.run_id, elsewhere.green.same_pull) == (green, False)


async def test_a_slow_machine_tells_the_same_differences(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever builds a bundle again there gets the same bytes."""
    stage.pipeline.by_name["one"].checks = (PASSES,)
    stage.pipeline.script("one", leaving(size=7, inner={"a": 1, "b": {"c": 2}}))
    await ended(stage, "succeeded")
    stage.pipeline.script("one", leaving(size=8, inner={"a": 1, "b": {"c": 3}}))
    stage.pipeline.script("two", raising(REFUSED))
    failed = await ended(stage, "failed", head="b")
    quick = await story_of(stage, failed)
    monkeypatch.setattr("core.checkpoints.diff.apart.SystemClock", SlowClock)
    slow = await story_of(stage, failed)
    assert slow == quick
    assert slow.green is not None
    assert {one.path for one in slow.green.diverged} == {"/size", "/inner/b/c"}

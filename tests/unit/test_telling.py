"""When a step is shown on the check run: once it lasts, and never after its end."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from typing_extensions import override

from bot.pipeline.nobodys_desk import NobodysDesk
from bot.pipeline.telling import Told
from core.errors import GitHubUnavailableError, LeaseLostError
from core.runs.effects import Effects
from core.runs.model import Run
from core.runs.pipeline import StepContext, StepOutcome

LASTING = 0.02
DONE = StepOutcome(state={}, summary="read")
AWAY = GitHubUnavailableError(method="PATCH", path="/check-runs/1", reason="away")


@dataclass
class Desk(NobodysDesk):
    """Notes what is shown, after `seconds`, or fails."""

    error: Exception | None = None
    progress_error: Exception | None = None
    seconds: float = 0
    said: list[str] = field(default_factory=list)

    @override
    async def announce(self, run: Run, effects: Effects) -> None:
        self.said.append("queued")
        if self.error is not None:
            raise self.error

    @override
    async def progress(self, run: Run, effects: Effects, step: str) -> None:
        await asyncio.sleep(self.seconds)
        self.said.append(step)
        if self.progress_error is not None:
            raise self.progress_error


@dataclass(frozen=True)
class Slow:
    """A step that takes `seconds`, and then may fail."""

    seconds: float = 0
    error: Exception | None = None
    name: str = "review"

    async def run(self, context: StepContext) -> StepOutcome:
        """Take the time."""
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return DONE


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.pipeline.telling.LASTING", LASTING)


async def taken(step: Slow, desk: Desk, *approvals: str) -> StepOutcome:
    """Take the step before the desk."""

    class Context:
        run: Any = type("Run", (), {"approvals": approvals})
        effects = None

    return await Told(step, lambda _: desk).run(cast("StepContext", Context()))


async def test_a_step_that_is_over_at_once_is_not_shown() -> None:
    """GitHub allows few writes; nobody would have read it."""
    desk = Desk()
    await taken(Slow(), desk)
    await asyncio.sleep(2 * LASTING)
    assert desk.said == ["queued"]


async def test_a_step_that_lasts_is_shown_once() -> None:
    """While it is taken."""
    desk = Desk()
    await taken(Slow(5 * LASTING), desk)
    assert desk.said == ["queued", "review"]


async def test_after_what_people_decided_only_the_ruling_is_shown() -> None:
    """The check says what waits for them until then."""
    desk = Desk()
    await taken(Slow(5 * LASTING), desk, "waived")
    assert desk.said == []


@pytest.mark.parametrize("error", [None, ValueError("broken")])
async def test_what_is_on_its_way_arrives_before_the_step_ends(
    error: ValueError | None,
) -> None:
    """Later it could undo the check's last word."""
    desk = Desk(seconds=5 * LASTING)
    if error is None:
        await taken(Slow(2 * LASTING), desk)
    else:
        with pytest.raises(ValueError, match="broken"):
            await taken(Slow(2 * LASTING, error), desk)
    assert desk.said == ["queued", "review"]


async def test_what_waits_for_its_turn_too_long_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A limit of GitHub's does not hold up the review."""
    monkeypatch.setattr("bot.pipeline.telling.PARTING", LASTING)
    desk = Desk(seconds=60)
    await taken(Slow(2 * LASTING), desk)
    assert desk.said == ["queued"]


async def test_a_step_that_is_called_off_ends() -> None:
    """Nothing is said after it."""
    desk = Desk()
    step = asyncio.create_task(taken(Slow(60), desk))
    await asyncio.sleep(LASTING / 4)
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    await asyncio.sleep(2 * LASTING)
    assert desk.said == ["queued"]


async def test_github_being_away_does_not_fail_the_step() -> None:
    """Neither the check's making nor its progress is the review."""
    desk = Desk(progress_error=AWAY)
    assert await taken(Slow(5 * LASTING), desk) == DONE
    assert desk.said == ["queued", "review"]


async def test_a_check_that_was_not_made_is_not_made_beside_the_step() -> None:
    """The step may make it too, and then there would be two."""
    desk = Desk(error=AWAY)
    assert await taken(Slow(5 * LASTING), desk) == DONE
    assert desk.said == ["queued"]


async def test_a_lost_lease_ends_it() -> None:
    """Somebody else holds the run now."""
    with pytest.raises(LeaseLostError):
        await taken(Slow(), Desk(error=LeaseLostError(run_id="run_1", fence=1)))

"""Where a run speaks that is not to be heard: a dry run's desk, or a branch's."""

from collections.abc import Sequence

from typing_extensions import override

from bot.pipeline.ports import Desk, Posted
from bot.pipeline.ruling import Ruling
from core.events.base import JSON
from core.review.report import ReviewReport
from core.review.verify import Judged
from core.runs.effects import Effects
from core.runs.model import Approval, Run
from core.runs.pipeline import Ending


class NobodysDesk(Desk):
    """A desk at which nobody reads: a dry run or a silent branch posts nothing."""

    @override
    async def announce(self, run: Run, effects: Effects) -> None:
        """Say nothing."""

    @override
    async def progress(self, run: Run, effects: Effects, step: str) -> None:
        """Say nothing."""

    @override
    async def publish(
        self,
        run: Run,
        effects: Effects,
        report: ReviewReport,
        judged: Sequence[Judged],
        since: str,
        most: int,
    ) -> Posted:
        return Posted(words="nothing is posted")

    @override
    async def conclude(
        self,
        run: Run,
        effects: Effects,
        report: ReviewReport,
        posted: Posted,
        ruling: Ruling,
    ) -> JSON:
        return {}

    @override
    async def reject(self, run: Run, effects: Effects, approval: Approval) -> None:
        """Say nothing."""

    @override
    async def close(self, run: Run, effects: Effects, ending: Ending) -> None:
        """Say nothing."""

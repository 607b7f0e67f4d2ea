"""What the pipeline asks of the pull request's ledger of findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from typing_extensions import override

from bot.pipeline.state import Artifacts, State
from core.events import schema
from core.events.base import Payload
from core.review.ledger.model import Entry, Ledger
from core.review.ledger.moves import moved
from core.review.ledger.rules import Remark, Seen, unread_paths
from core.review.ledger.service import Findings
from core.runs.effects import Effects
from core.runs.model import Approval, Run


class Remarks(Protocol):
    """Our comments on a pull request as they are at GitHub, and their threads."""

    async def of(self, run: Run, effects: Effects) -> Mapping[int, Remark]:
        """Return our comments by their ids."""
        ...

    async def resolve(
        self, run: Run, effects: Effects, gone: Sequence[Entry]
    ) -> Sequence[str]:
        """Resolve the threads of what is gone where that is safe and wanted.

        Returns the fingerprints of those that it resolved; repeatable.
        """
        ...


class Tracking(Protocol):
    """Keeps a pull request's findings across its pushes."""

    async def known(self, run: Run) -> Ledger:
        """Return what is known of the pull request's findings."""
        ...

    async def remarks(
        self, run: Run, effects: Effects, known: Ledger
    ) -> Mapping[int, Remark]:
        """Return how our comments on known findings are now; GitHub is asked."""
        ...

    async def settle(self, run: Run, effects: Effects, seen: Seen) -> None:
        """Tell what a review saw and published; repeatable."""
        ...

    async def waive(self, run: Run, names: Sequence[str], approval: Approval) -> None:
        """Tell that a person let these findings pass; repeatable."""
        ...


class NoTracking(Tracking):
    """Knows nothing and keeps nothing, as in a dry run."""

    @override
    async def known(self, run: Run) -> Ledger:
        return Ledger(repository=run.subject.repository, pull=run.subject.pull)

    @override
    async def remarks(
        self, run: Run, effects: Effects, known: Ledger
    ) -> Mapping[int, Remark]:
        return {}

    @override
    async def settle(self, run: Run, effects: Effects, seen: Seen) -> None:
        """Keep nothing."""

    @override
    async def waive(self, run: Run, names: Sequence[str], approval: Approval) -> None:
        """Keep nothing."""


NO_TRACKING = NoTracking()


@dataclass(frozen=True, slots=True)
class LedgerTracking(Tracking):
    """Keeps the ledger in the journal; a run that is not heard tells it nothing."""

    findings: Findings
    remarks_at: Remarks

    @override
    async def known(self, run: Run) -> Ledger:
        return await self.findings.of(run.subject.repository, run.subject.pull)

    @override
    async def remarks(
        self, run: Run, effects: Effects, known: Ledger
    ) -> Mapping[int, Remark]:
        commented = any(one.comment_id for one in known.entries.values())
        # Before there is a comment of ours, there is nothing to learn of them.
        if not run.publish or not commented:
            return {}
        return await self.remarks_at.of(run, effects)

    @override
    async def settle(self, run: Run, effects: Effects, seen: Seen) -> None:
        if not run.publish:
            return
        place = run.subject.repository, run.subject.pull
        ledger = await self.findings.settle(*place, seen)
        gone = [
            one
            for one in ledger.entries.values()
            # What a person opened again is left to people.
            if one.state == "addressed" and one.comment_id and one.resolved is None
        ]
        resolved = await self.remarks_at.resolve(run, effects, gone) if gone else ()
        if resolved:
            await self.findings.note(*place, lambda now: _resolved(now, resolved))

    @override
    async def waive(self, run: Run, names: Sequence[str], approval: Approval) -> None:
        if not run.publish or not names:
            return

        def decide(known: Ledger) -> Sequence[Payload]:
            found = (known.entries[one] for one in names if one in known.entries)
            return [
                moved(
                    schema.FindingWaived,
                    one,
                    actor=approval.actor,
                    reason=approval.reason,
                    run_id=run.id,
                )
                for one in found
                if one.is_open
            ]

        place = run.subject.repository, run.subject.pull
        await self.findings.note(*place, decide)


async def seen_by(
    run: Run, state: State, artifacts: Artifacts, model: str | None
) -> Seen:
    """Return what a run's review saw, before anything of it is published."""
    diff = await artifacts.diff(state)
    return Seen(
        run_id=run.id,
        head_sha=run.subject.head_sha,
        judged=await artifacts.judged(state),
        diff=diff,
        unread=unread_paths(
            diff, [one for one, _ in state.unread], [one for one, _ in state.missing]
        ),
        model=model,
    )


def _resolved(ledger: Ledger, names: Sequence[str]) -> Sequence[Payload]:
    return [
        schema.FindingNoted(subject=one, resolved=True, actor="nofx")
        for one in names
        if ledger.entries[one].resolved is None
    ]

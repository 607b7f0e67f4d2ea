"""Fills a database with runs, as whole as those that are asked for and walked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.base import Base
from core.runs.model import Run, stream_of
from core.runs.projection import document_of
from core.runs.queue import COLLECTION
from core.store.database import Document
from tests.benchmarks.programs.likes import like

REPOSITORIES = 40
APART = timedelta(minutes=1)
BATCH = 200


async def crowded(
    base: Base, like_run: str, runs: int, *, apart: timedelta = APART
) -> list[str]:
    """Add the like of a run so many times; returns their ids, oldest first.

    Every stream is whole, and every run has its document; each began so long after the
    one before, on a head of its own in one of some repositories.
    """
    commits = await base.runs.journal.documents(stream_of(like_run))
    run = await base.runs.load(like_run)
    copies = [
        _copy(base.ids.new("run"), run, number, run.created_at - number * apart)
        for number in range(runs, 0, -1)
    ]
    for start in range(0, runs, BATCH):
        batch = copies[start : start + BATCH]
        entries = [entry for one in batch for entry in _stream(commits, one)]
        # They were judged when they were written for the run that they are like.
        await base.database.db["journal"].insert_many(
            entries, bypass_document_validation=True
        )
        documents = [document_of(one) for one in batch]
        await base.database.db[COLLECTION].insert_many(documents)
    return [one.id for one in copies]


def _copy(run_id: str, run: Run, number: int, begun: datetime) -> Run:
    subject = replace(
        run.subject,
        repository=f"octo/repository-{number % REPOSITORIES}",
        pull=number // REPOSITORIES + 1,
        head_sha=f"{number:040x}",
    )
    return replace(run, id=run_id, subject=subject, created_at=begun)


def _stream(commits: Sequence[Document], run: Run) -> list[Document]:
    first, *others = like(commits, run.stream)
    created, *more = first["events"]
    about = run.subject
    data: dict[str, Any] = created["data"] | {
        "repository": about.repository,
        "pull": about.pull,
        "head_sha": about.head_sha,
    }
    events = [created | {"data": data}, *more]
    return [first | {"events": events, "time": run.created_at}, *others]

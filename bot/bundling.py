"""Bundles put together: who tells a run's story, finds its cause and packs it all."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from bot.api.answers.runs import RunDetail
from bot.base import Base
from bot.pipeline.review_pipeline import NAMES
from bot.pipeline.state import DIFF_RULES
from bot.settings import Settings
from bot.version import running_version
from core.checkpoints.diff.model import DiffLimits
from core.events.base import JSON
from core.feed.writer_logs import WriterLogs
from core.rca import html, report
from core.rca.analysis import analyse
from core.rca.bundler import Bundler
from core.rca.cause import Analysis
from core.rca.heading import Misses, Telling
from core.rca.html_parts import Folded
from core.rca.reading import StoryReader, budget_of
from core.rca.service import Rca
from core.rca.story import Story
from core.runs.account import Account
from core.runs.comparing import Comparing
from core.runs.holder import Pace
from core.runs.limits import Limits
from core.runs.model import Run

# Where bundles are written before they are kept, in the folder of this user's own.
SPOOL = "bundles"
LONGEST_DIFF = 600.0
DAY = 24 * 3600.0


def rca_on(base: Base, settings: Settings) -> Rca:
    """Return what builds and serves bundles in this process, until it is closed."""
    return Rca(
        base.runs,
        base.bundles,
        bundler_on(base, settings),
        audit=base.audit,
        clock=base.clock,
        ids=base.ids,
        mask=base.masker.mask,
    )


def clear_spool(settings: Settings, *, now: float) -> int:
    """Delete what dead processes left of bundles a day ago; returns how many."""
    gone = 0
    for folder in (settings.cache_dir / SPOOL).glob("rca-*"):
        with suppress(OSError):
            if folder.stat().st_mtime < now - DAY:
                shutil.rmtree(folder)
                gone += 1
    return gone


def bundler_on(base: Base, settings: Settings) -> Bundler:
    """Return what builds bundles over a process's services."""
    limits = Limits(run_seconds=settings.run_seconds)
    pace = Pace(slots=settings.workers, lease=settings.lease_seconds)
    reader = StoryReader(
        base.runs,
        lister=base.lister,
        logs=WriterLogs(base.database),
        rules=dict.fromkeys(NAMES, DIFF_RULES),
        budget=budget_of(limits, pace),
    )
    made_by = f"nofx/{running_version()}"
    return Bundler(
        journal=base.runs.journal,
        blobs=base.blobs,
        masker=base.masker,
        folder=settings.cache_dir / SPOOL,
        tell=reader.read,
        analyse=analyse,
        telling=Telling(markdown=_markdown, page=partial(_page, made_by)),
        made_by=made_by,
        detail=_detail,
        comparing=Comparing(
            base.runs,
            base.blobs,
            base.lister,
            dict.fromkeys(NAMES, DIFF_RULES),
            # What a clock cuts short is not the same twice.
            limits=DiffLimits(seconds=LONGEST_DIFF),
        ),
    )


def _markdown(story: Story, analysis: Analysis, missed: Misses) -> str:
    return report.markdown(story, analysis, errors=missed)


def _page(
    made_by: str,
    story: Story,
    analysis: Analysis,
    missed: Misses,
    parts: Sequence[Folded],
) -> str:
    return html.page(story, analysis, parts=parts, missed=missed, made_by=made_by)


def _detail(run: Run, account: Account) -> JSON:
    return RunDetail.of(run, account).model_dump(mode="json")

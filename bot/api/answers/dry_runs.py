"""Dry runs as workflows are answered, with the forms that Actions shows."""

from typing import Any, Self

from pydantic import Field

from bot.api.answers.base import Shown
from bot.formats.markdown import render_markdown
from bot.formats.workflow import render_workflow
from bot.version import running_version
from core.review.hunks import Diff
from core.review.report import ReviewReport
from core.review.sarif import sarif
from core.runs.model import Run
from core.runs.states import Status


class DryRunAwaited(Shown):
    """A dry run that is not over: ask again, in the same words."""

    run_id: str
    repository: str
    pull: int
    head_sha: str
    status: Status

    @classmethod
    def of_run(cls, run: Run) -> Self:
        """Return how a run stands."""
        return cls(**_facts(run))


class DryRunDetail(DryRunAwaited):
    """A dry run that is over: its report, and the same in the forms of Actions."""

    report: ReviewReport
    annotations: str = Field(description="workflow commands, to be printed by a step")
    summary: str = Field(description="Markdown for the job's summary")
    sarif: dict[str, Any] = Field(description="SARIF 2.1.0")

    @classmethod
    def made_of(cls, run: Run, report: ReviewReport, diff: Diff | None) -> Self:
        """Return a report in each of its forms."""
        return cls(
            **_facts(run),
            report=report,
            annotations=render_workflow(report),
            summary=render_markdown(report, diff),
            sarif=sarif(report, running_version()),
        )


def _facts(run: Run) -> dict[str, Any]:
    subject = run.subject
    return {
        "run_id": run.id,
        "repository": subject.repository,
        "pull": subject.pull,
        "head_sha": subject.head_sha,
        "status": run.status,
    }

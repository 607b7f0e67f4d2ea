"""`/runs/{run_id}/…/diff`: what differs between two checkpoints, or two runs."""

import asyncio
import json
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

from bot.api import diff_page
from bot.api.answers.diffs import DiffDetail, RunDiffDetail
from bot.api.endpoint import Call, Endpoint, Incoming, Nothing, Written, get
from bot.api.requests import DIGITS, IDS
from bot.api.serving import etag_by_content, written
from core.checkpoints.diff.comparison import Comparison, RunComparison
from core.checkpoints.diff.markdown import comparison_markdown, runs_markdown
from core.errors import (
    BlobNotFoundError,
    CheckpointNotFoundError,
    CheckpointRedactedError,
    DiffUnprovenError,
    NothingToCompareError,
    PatchTooLargeError,
    RunNotFoundError,
)
from core.runs.compared_with import LAST_GREEN, PARENT
from core.runs.comparing import Comparing

PATCH = "application/json-patch+json"
MARKDOWN = "text/markdown"
HTML = "text/html"
TEXT = {"type": "string"}
OPERATIONS = {"type": "array", "items": {"type": "object"}}


class DiffFormat(StrEnum):
    """The forms of a comparison of two checkpoints."""

    JSON = "json"
    PATCH = "patch"
    MARKDOWN = "markdown"
    HTML = "html"


class RunDiffFormat(StrEnum):
    """The forms of a comparison of two runs, which no patch can be."""

    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


class DiffQuery(Incoming):
    """With what a checkpoint is compared, and how that is told."""

    against: str = Field(
        default=PARENT,
        pattern=f"^({PARENT}|{LAST_GREEN}|(run_{DIGITS}:)?cp_{DIGITS})$",
        description="`parent`, `last_green`, a checkpoint of the same run, or"
        " RUN:CHECKPOINT",
    )
    format: DiffFormat = DiffFormat.JSON


class RunDiffQuery(Incoming):
    """With which run another is compared, and how that is told."""

    against: str = Field(
        default=LAST_GREEN,
        pattern=f"^({LAST_GREEN}|{IDS['run_id'].pattern.strip('^$')})$",
        description="`last_green`, or another run",
    )
    format: RunDiffFormat = RunDiffFormat.JSON


class DiffEndpoints:
    """Comparing checkpoints and runs; nothing is changed by it."""

    def __init__(self, comparing: Comparing) -> None:
        self._comparing = comparing

    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]:
        """Return what is answered here."""
        return (
            get(
                "/runs/{run_id}/checkpoints/{checkpoint_id}/diff",
                self.checkpoints,
                summary="Compare a checkpoint with its parent, or with another",
                query=DiffQuery,
                answer=DiffDetail,
                refusals=(
                    RunNotFoundError,
                    CheckpointNotFoundError,
                    NothingToCompareError,
                    BlobNotFoundError,
                    CheckpointRedactedError,
                    PatchTooLargeError,
                    DiffUnprovenError,
                ),
                etag=etag_by_content,
                written={PATCH: OPERATIONS, MARKDOWN: TEXT, HTML: TEXT},
            ),
            get(
                "/runs/{run_id}/diff",
                self.runs,
                summary="Compare a run with another, step by step",
                query=RunDiffQuery,
                answer=RunDiffDetail,
                refusals=(
                    RunNotFoundError,
                    NothingToCompareError,
                    BlobNotFoundError,
                    DiffUnprovenError,
                ),
                etag=etag_by_content,
                written={MARKDOWN: TEXT, HTML: TEXT},
            ),
        )

    async def checkpoints(self, call: Call[DiffQuery, Nothing]) -> BaseModel:
        """Answer what differs between a checkpoint and another."""
        found = await self._comparing.against(
            call.path["run_id"],
            call.path["checkpoint_id"],
            call.query.against,
            sees=call.token.sees,
        )
        form = call.query.format
        return await asyncio.to_thread(lambda: written(checkpoints_in(found, form)))

    async def runs(self, call: Call[RunDiffQuery, Nothing]) -> BaseModel:
        """Answer what differs between two runs; the one in the path comes second."""
        run_id, against = call.path["run_id"], call.query.against
        sees = call.token.sees
        if against == LAST_GREEN:
            found = await self._comparing.with_last_green(run_id, sees=sees)
        else:
            found = await self._comparing.runs(against, run_id, sees=sees)
        form = call.query.format
        return await asyncio.to_thread(lambda: written(runs_in(found, form)))


def checkpoints_in(found: Comparison, form: DiffFormat) -> BaseModel:
    """Return a comparison of checkpoints in a form.

    Raises CheckpointRedactedError, PatchTooLargeError where there is no patch.
    """
    match form:
        case DiffFormat.JSON:
            return DiffDetail.of(found)
        case DiffFormat.PATCH:
            return _patch(found)
        case DiffFormat.MARKDOWN:
            return _markdown(comparison_markdown(found))
        case DiffFormat.HTML:
            return _page(diff_page.of_checkpoints(found))


def runs_in(found: RunComparison, form: RunDiffFormat) -> BaseModel:
    """Return a comparison of runs in a form."""
    match form:
        case RunDiffFormat.JSON:
            return RunDiffDetail.of(found)
        case RunDiffFormat.MARKDOWN:
            return _markdown(runs_markdown(found))
        case RunDiffFormat.HTML:
            return _page(diff_page.of_runs(found))


def _patch(found: Comparison) -> Written:
    """Return the patch; raises CheckpointRedactedError, PatchTooLargeError.

    An empty one would say that nothing differs.
    """
    for one in (found.before, found.after):
        if one.redacted and not found.same:
            raise CheckpointRedactedError(
                run_id=one.run_id, checkpoint_id=one.checkpoint_id
            )
    operations = found.state.operations
    if not operations and not found.same:
        raise PatchTooLargeError(
            before=found.before.checkpoint_id, after=found.after.checkpoint_id
        )
    return Written(body=json.dumps(operations), media_type=PATCH)


def _markdown(text: str) -> Written:
    return Written(body=text, media_type=f"{MARKDOWN}; charset=utf-8")


def _page(text: str) -> Written:
    return Written(
        body=text,
        media_type=f"{HTML}; charset=utf-8",
        headers={"Content-Security-Policy": diff_page.POLICY},
    )

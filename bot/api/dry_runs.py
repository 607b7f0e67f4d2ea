"""`POST /reviews/dry-run`: a review for a workflow, which shows GitHub's token for it.

The repository is the one that GitHub names in the token; nothing else is believed, and
no token of ours is asked for. The change is read from GitHub as the App.
"""

import asyncio

from aiohttp import web
from pydantic import Field

from bot.api import problems, requests
from bot.api.answers.dry_runs import DryRunAwaited, DryRunDetail
from bot.api.endpoint import Incoming
from bot.api.operating import MOST_PULLS
from bot.github.workflow_tokens import WorkflowTokens
from bot.silent_reviews import SilentReview, SilentReviews
from core.clock import Ids
from core.errors import (
    AudienceMissingError,
    PublisherMissingError,
    TokenMissingError,
)
from core.review.report import ReviewReport

PATH = "/reviews/dry-run"
HEADERS = {"Cache-Control": "no-store"}
AGAIN_SECONDS = 1


class DryRunQuery(Incoming):
    """How long the answer may wait for the review."""

    wait: int = Field(
        default=30, ge=0, le=60, description="seconds until a review counts as not over"
    )


class DryRunBody(Incoming):
    """Which pull request of the workflow's repository is to be reviewed."""

    pull: int = Field(ge=1, le=MOST_PULLS)


class DryRuns:
    """Answers workflows.

    Without `tokens`, because nobody said what address nofx has, and without `reviews`,
    because there are no credentials of the App, it says so.
    """

    def __init__(
        self,
        tokens: WorkflowTokens | None,
        reviews: SilentReviews | None,
        *,
        ids: Ids,
    ) -> None:
        self._tokens = tokens
        self._reviews = reviews
        self._ids = ids

    def add_routes(self, app: web.Application) -> None:
        """Serve dry runs on `app`."""
        app.router.add_post(PATH, self._answer)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._reviewed(request)
        except Exception as error:  # noqa: BLE001  # told, or logged with its trace
            return problems.told(request, error, self._ids)

    async def _reviewed(self, request: web.Request) -> web.StreamResponse:
        if self._tokens is None:
            raise AudienceMissingError
        if self._reviews is None:
            raise PublisherMissingError
        workflow = await self._tokens.verify(_bearer(request))
        query = requests.query_of(request, DryRunQuery)
        body = await requests.body_of(request, DryRunBody)

        def gone() -> bool:
            return request.transport is None or request.transport.is_closing()

        found = await self._reviews.review(
            workflow, body.pull, patience=query.wait, gone=gone
        )
        if (report := found.report) is None:
            awaited = DryRunAwaited.of_run(found.run).model_dump_json()
            headers = {**HEADERS, "Retry-After": str(AGAIN_SECONDS)}
            return web.Response(
                text=awaited,
                status=202,
                content_type="application/json",
                headers=headers,
            )
        # Ten thousand findings in four forms take a while to write.
        text = await asyncio.to_thread(_written, found, report)
        return web.Response(text=text, content_type="application/json", headers=HEADERS)


def _written(found: SilentReview, report: ReviewReport) -> str:
    answer = DryRunDetail.made_of(found.run, report, found.diff)
    return answer.model_dump_json()


def _bearer(request: web.Request) -> str:
    """Return the token that is shown; raises TokenMissingError."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise TokenMissingError
    return secret.strip()

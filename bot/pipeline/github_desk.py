"""Says at GitHub what a run found: check run, line comments, summary; each once."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from typing_extensions import override

from bot import comments
from bot.github.check_draft import CheckDraft
from bot.github.check_draft import Conclusion as CheckConclusion
from bot.github.checks import create_check, find_check, get_check, update_check
from bot.github.client import Connection, GitHubApp
from bot.github.comments import find_summary, upsert_summary
from bot.github.markers import effect_marker
from bot.github.publishing import Publisher, RestReviews
from bot.github.pulls import get_pull
from bot.github.review_draft import DraftComment, PublishedReview, ReviewDraft
from bot.github.reviews_rest import delete_orphan, existing_fingerprints
from bot.pipeline.check_shown import ENDINGS, annotations, check_draft, with_waive
from bot.pipeline.github_source import connection
from bot.pipeline.planning import Plan, plan_review
from bot.pipeline.ports import Desk, Posted
from bot.pipeline.ruling import Ruling
from core.clock import Clock
from core.events.base import JSON
from core.review.report import ReviewReport
from core.review.verify import Judged
from core.runs.effects import Effects, Write
from core.runs.gates import WAITING
from core.runs.model import Approval, Run
from core.runs.pipeline import Ending

RULED = "check.completed"
STALE = "the head moved while this was reviewed"


@dataclass(frozen=True, slots=True)
class GitHubDesk(Desk):
    """The desk at GitHub; `steps` are the names that the check run counts through."""

    app: GitHubApp
    clock: Clock
    steps: Sequence[str]
    run_url: str | None = None
    publisher: Publisher = field(default_factory=RestReviews)

    @override
    async def announce(self, run: Run, effects: Effects) -> None:
        await self._check_id(run, effects)

    @override
    async def progress(self, run: Run, effects: Effects, step: str) -> None:
        check_id = await self._check_id(run, effects)
        at = self.steps.index(step)
        title, text = comments.at_step(step, self.steps[:at], self.steps[at + 1 :])
        draft = self._draft(run, title, text, started=True)
        gh = await self._gh(run, effects)
        await update_check(gh, run.subject.repository, check_id, draft)

    @override
    async def publish(
        self,
        run: Run,
        effects: Effects,
        report: ReviewReport,
        judged: tuple[Judged, ...],
        since: str,
        most: int,
    ) -> Posted:
        gh = await self._gh(run, effects)
        repository, number = run.subject.repository, run.subject.pull
        pull = await get_pull(gh, repository, number)
        if pull.head_sha != run.subject.head_sha:
            return Posted(words=STALE, stale=True)
        author = (await self.app.identity()).bot_login
        standing = await existing_fingerprints(gh, repository, number, author)
        plan = plan_review(judged, standing, most=most)
        published = await self._review(run, effects, report, plan, author)
        summarised = {**plan.summarised, **published.demoted}
        stands = {**plan.standing, **published.posted}
        links = {
            name: f"{pull.html_url}#discussion_r{comment}"
            for name, comment in stands.items()
        }
        body = comments.summary(run, report, summarised, since, links)
        await self._summary(run, effects, body, author)
        count, by_rest = len(published.posted), len(published.by_rest)
        kept = len(plan.standing)
        return Posted(
            comments=stands,
            summarised=summarised,
            words=f"{count} comments posted, {kept} stood already,"
            f" {len(summarised)} in the summary"
            f"{f'; {by_rest} by REST, not by MCP' if by_rest else ''}",
        )

    @override
    async def conclude(
        self,
        run: Run,
        effects: Effects,
        report: ReviewReport,
        posted: Posted,
        ruling: Ruling,
    ) -> JSON:
        draft = self._draft(
            run,
            comments.check_title(ruling.verdict),
            comments.check_summary(report, ruling.stopped, ruling.waiting),
            conclusion=CheckConclusion(ruling.verdict.conclusion.value),
        )
        shown = annotations(report, posted.summarised)
        draft = with_waive(replace(draft, annotations=shown), ruling.stopped)
        return await self._complete(run, effects, draft, _ruled(ruling.number))

    @override
    async def reject(self, run: Run, effects: Effects, approval: Approval) -> None:
        title, text = comments.rejected(run, approval)
        failure = CheckConclusion.FAILURE
        draft = self._draft(run, title, text, conclusion=failure)
        draft = with_waive(draft, (approval.gate,))
        await self._complete(run, effects, draft, _ruled(len(run.approvals)))

    @override
    async def close(self, run: Run, effects: Effects, ending: Ending) -> None:
        ruled = [one for key, one in run.effects.items() if key.startswith(RULED)]
        if self._broke_off(run):
            author = (await self.app.identity()).bot_login
            gh = await self._gh(run, effects)
            await delete_orphan(gh, run.subject.repository, run.subject.pull, author)
        asks = any(gate.status == WAITING for gate in run.gates.values())
        if not asks and any(one.status == "performed" for one in ruled):
            return  # what the check says of this commit stands
        title, text = comments.ended_early(run, ending)
        draft = self._draft(run, title, text, conclusion=ENDINGS[ending.kind])
        await self._complete(run, effects, draft, "check.closed")

    def _broke_off(self, run: Run) -> bool:
        """Say whether a review may have been begun that nobody will submit."""
        review = run.effects.get("review")
        return review is not None and review.status == "intended"

    async def _gh(self, run: Run, effects: Effects) -> Connection:
        """Return GitHub for a run's holder: past its lease it writes nothing."""
        return (await connection(self.app, run.subject)).guarded(effects.check_lease)

    async def _check_id(self, run: Run, effects: Effects) -> int:
        title, text = comments.waiting()
        draft = self._draft(run, title, text)
        gh = await self._gh(run, effects)
        repository = run.subject.repository

        async def perform() -> JSON:
            made = await create_check(gh, repository, draft)
            return {"id": made.id, "url": made.html_url}

        async def find() -> JSON | None:
            app_id = (await self.app.identity()).id
            made = await find_check(gh, repository, draft, app_id=app_id)
            return {"id": made.id, "url": made.html_url} if made else None

        write = _write("check.created", draft.payload(), perform, find)
        return int((await effects.once(write))["id"])

    async def _complete(
        self, run: Run, effects: Effects, draft: CheckDraft, key: str
    ) -> JSON:
        check_id = await self._check_id(run, effects)
        gh = await self._gh(run, effects)
        repository = run.subject.repository

        async def perform() -> JSON:
            made = await update_check(gh, repository, check_id, draft)
            return {"id": made.id, "url": made.html_url}

        async def find() -> JSON | None:
            made = await get_check(gh, repository, check_id)
            done = made.status == "completed" and made.conclusion == draft.conclusion
            return {"id": made.id, "url": made.html_url} if done else None

        return await effects.once(_write(key, draft.payload(), perform, find))

    async def _review(
        self,
        run: Run,
        effects: Effects,
        report: ReviewReport,
        plan: Plan,
        author: str,
    ) -> PublishedReview:
        if not plan.comments and "review" not in effects.run.effects:
            return PublishedReview(review_id=0, html_url="")
        gh = await self._gh(run, effects)
        repository, number = run.subject.repository, run.subject.pull
        draft = ReviewDraft(
            body=comments.review_body(run, report, len(plan.comments)),
            comments=tuple(_comment(one) for one in plan.comments),
            commit_sha=run.subject.head_sha,
            marker=effect_marker(run.id, "review"),
        )

        async def perform() -> JSON:
            made = self.publisher.publish(gh, repository, number, draft, author)
            return asdict(await made)

        async def find() -> JSON | None:
            found = await self.publisher.resume(gh, repository, number, draft, author)
            return asdict(found) if found else None

        content = draft.payload(draft.fits)
        result = await effects.once(_write("review", content, perform, find))
        return PublishedReview(**result)

    async def _summary(
        self, run: Run, effects: Effects, body: str, author: str
    ) -> None:
        gh = await self._gh(run, effects)
        repository, number = run.subject.repository, run.subject.pull

        async def perform() -> JSON:
            made = await upsert_summary(gh, repository, number, body, author)
            return {"id": made.id, "url": made.html_url}

        async def find() -> JSON | None:
            made = await find_summary(gh, repository, number, author)
            ours = made is not None and run.id in made.body
            return {"id": made.id, "url": made.html_url} if made and ours else None

        await effects.once(_write("summary", {"body": body}, perform, find))

    def _draft(self, run: Run, title: str, text: str, **shown: Any) -> CheckDraft:
        return check_draft(
            run, title, text, now=self.clock.now(), run_url=self.run_url, **shown
        )


def _ruled(number: int) -> str:
    """Return the key of the ruling after so many decisions of people."""
    return f"{RULED}.{number}" if number else RULED


def _comment(judged: Judged) -> DraftComment:
    finding = judged.finding
    # A suggestion replaces exactly the lines that it was made for.
    asked = (finding.start_line or finding.line, finding.line)
    if (judged.start_line or judged.line, judged.line) != asked:
        finding = finding.model_copy(update={"suggestion": None})
    return DraftComment(
        anchor=judged.anchor,
        body=comments.finding_comment(finding),
        fingerprint=finding.fingerprint,
    )


def _write(
    key: str,
    content: JSON,
    perform: Callable[[], Awaitable[JSON]],
    find: Callable[[], Awaitable[JSON | None]],
) -> Write:
    digest = hashlib.sha256(repr(sorted(content.items())).encode()).hexdigest()
    kind = key.partition(".")[0]
    return Write(key=key, kind=kind, digest=digest, perform=perform, find=find)

"""The decisions of the review pipeline, each taken again with the code that took it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.pipeline.gating import checks_of, ruling
from bot.pipeline.planning import plan_review
from bot.pipeline.reported import Findings, Reviewer, report_of
from bot.replaying.as_now import findings_as_now, judged_as_now
from bot.replaying.compared import compared, compared_all
from bot.replaying.values import Answer, Kept
from core.errors import NofxError
from core.events import schema
from core.events.base import JSON, Payload
from core.events.commit import Commit
from core.rca.recorded import Artifact, Recorded, artifact_json
from core.review.findings import Finding
from core.review.hunks import Diff, parse_diff
from core.review.selection import without
from core.review.verify import MOST_COMMENTS, Judged, Look, Policy, judge, settle
from core.runs import gates

T = TypeVar("T")
FINDINGS = TypeAdapter(tuple[Finding, ...])
JUDGED = TypeAdapter(tuple[Judged, ...])
OBJECT = TypeAdapter(dict[str, Any])


class Taken(BaseModel):
    """What GitHub took of a review, as its effect recorded it."""

    posted: dict[str, int] = {}  # pydantic copies a default
    demoted: dict[str, str] = {}  # pydantic copies a default


class UnknownError(Exception):
    """Something that a decision rests on is not in the bundle."""


def known(found: T | None, what: str) -> T:
    """Return what a decision rests on; UnknownError when it was not recorded."""
    if found is None:
        raise UnknownError(f"the {what} was not recorded, or was erased")
    return found


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions of a review's steps, as often as each was taken."""

    recorded: Recorded
    commits: Sequence[Commit]

    def answers(self) -> Iterator[Answer]:
        """Yield one answer a decision, in the order in which they were taken."""
        deciders: Mapping[str, tuple[Callable[..., Iterator[Answer]], ...]] = {
            "verify": (self._findings,),
            "publish": (self._plan,),
            "verdict": (self._report, self._gates),
        }
        for at, (step, state) in self._ends():
            for decide in deciders.get(step, ()):
                yield from self._one(decide, at, state)

    def _ends(self) -> Iterator[tuple[int, tuple[str, JSON | None]]]:
        """Yield where steps ended or were held, with the state behind each."""
        files = {one.checkpoint_id: one for _, one in self.recorded.checkpoints}
        for at, commit in enumerate(self.commits):
            ended = {
                event.subject
                for event in commit.events
                if isinstance(event, schema.StepFinished | schema.StepRetried)
                and event.transition in ("succeed", "hold")
            }
            for event in commit.events:
                if isinstance(event, schema.CheckpointCaptured) and event.step in ended:
                    file = files.get(event.checkpoint_id)
                    yield at, (event.step, file.state if file is not None else None)

    def _one(
        self,
        decide: Callable[[int, Kept], Iterator[Answer]],
        at: int,
        state: JSON | None,
    ) -> Iterator[Answer]:
        name = decide.__name__.removeprefix("_")
        try:
            kept = Kept.model_validate(known(state, "state behind it"))
            answers = list(decide(at, kept))
        except (UnknownError, ValidationError, NofxError) as error:
            yield Answer(name=name, found="left out", words=_why(error))
            return
        masked = [one for one in self._used(kept) if not one.whole]
        for one in answers:
            if one.found == "different" and masked:
                words = f"{masked[0].name} was masked, and without it this differs"
                yield Answer(name=name, found="left out", words=words)
            else:
                yield one

    def _used(self, state: Kept) -> Iterator[Artifact]:
        names = (state.diff_blob, state.proposals_blob, state.judged_blob)
        for name in (*names, state.report_blob):
            if name in self.recorded.artifacts:
                yield self.recorded.artifacts[name]

    def _findings(self, at: int, state: Kept) -> Iterator[Answer]:
        """Judge what was proposed; what a second look said is taken as recorded."""
        policy = known(state.decided_by.policy, "policy")
        model = state.decided_by.model
        findings = FINDINGS.validate_python(
            self._json(state.proposals_blob, "proposals")
        )
        judged = judge(
            findings,
            self._diff(state),
            Policy(
                min_confidence=policy.min_confidence,
                fail_on=policy.fail_on,
                min_severity=policy.min_severity,
            ),
            model=model.name if model is not None and model.is_model else None,
        )
        look = Look(
            refuted=dict(state.refuted),
            joined=dict(state.joined),
            unsure=dict(state.unsure),
            unoffered=dict(state.unoffered),
        )
        yield compared_all(
            "findings",
            judged_as_now(self._json(state.judged_blob, "judged findings")),
            [one.model_dump(mode="json") for one in settle(judged, look)],
            "finding",
        )

    def _plan(self, at: int, state: Kept) -> Iterator[Answer]:
        """Plan the review; which comments stood and what GitHub took is recorded."""
        run = self.recorded.folded(at + 1)
        effect = run.effects.get("review")
        said = (effect.result if effect is not None else None) or {}
        taken = Taken.model_validate(said)
        posted, demoted = taken.posted, taken.demoted
        kept = {one: at for one, at in state.comments.items() if one not in posted}
        policy = state.decided_by.policy
        most = policy.max_comments if policy is not None else MOST_COMMENTS
        told = [
            one
            for one in self._judged(state)
            if one.finding.fingerprint not in state.settled
        ]
        plan = plan_review(told, kept, most=most)
        if effect is None and not state.comments and not state.summarised:
            if not run.publish or not (plan.comments or plan.summarised):
                yield Answer(name="plan", found="same", words="nothing to publish")
                return
            words = "nothing was published, for the head had moved"
            yield Answer(name="plan", found="left out", words=words, verdict=False)
            return
        recorded = {
            "asked for": sorted((*posted, *demoted)),
            "comments": state.comments,
            "summarised": state.summarised,
        }
        again = {
            "asked for": sorted(one.finding.fingerprint for one in plan.comments),
            "comments": {**plan.standing, **posted},
            "summarised": {**plan.summarised, **demoted},
        }
        words = f"{len(plan.comments)} to post, {len(plan.summarised)} in the summary"
        yield compared("plan", recorded, again, words)

    def _report(self, at: int, state: Kept) -> Iterator[Answer]:
        """Measure what was read, and say what follows."""
        report = self._report_of(state).model_dump(mode="json")
        recorded = OBJECT.validate_python(self._json(state.report_blob, "report"))
        listed = findings_as_now(recorded.get("findings", []))
        read = report["coverage"]
        words = f"{read['hunks_reviewed']} of {read['hunks_total']} hunks were read"
        yield compared("coverage", recorded.get("coverage"), read, words)
        yield compared("verdict", recorded.get("verdict"), report["verdict"])
        yield compared_all("reported", listed, report["findings"], "finding")

    def _gates(self, at: int, state: Kept) -> Iterator[Answer]:
        """Take the report to the gates, and rule as people had it by then."""
        policy = known(state.decided_by.policy, "policy")
        asked = known(state.decided_by.gates, "gates")
        model = known(state.decided_by.model, "model")
        report = self._report_of(state)
        before = self.recorded.folded(at)
        checks = checks_of(
            report,
            model=model.name if model.is_model else None,
            fail_on=policy.fail_on,
            asks=asked.asks if asked.approval or asked.asks else None,
            blocking=asked.blocking,
            partial=state.config.gate.partial,
            said=state.decided_by.ledger,
        )
        passage = gates.passage(before, checks)
        events = self.commits[at].events
        moved = [one.stored() for one in events if isinstance(one, schema.GateMove)]
        again = [one.stored() for one in passage.events]
        yield compared_all("gates", moved, again, "move")
        approvals = before.approvals
        ruled = ruling(report.verdict, passage, approvals, asked.asks).verdict
        yield compared("ruling", _said(events), f"{ruled.conclusion}: {ruled.reason}")

    def _report_of(self, state: Kept) -> Any:
        policy = known(state.decided_by.policy, "policy")
        model = known(state.decided_by.model, "model")
        found = Findings(
            diff=self._diff(state),
            judged=self._judged(state),
            missing=state.missing,
            unread=state.unread,
            usage=state.usage,
            changes=state.changes,
            excluded=state.excluded,
            config=state.config,
            config_broken=state.config_broken,
        )
        reviewer = Reviewer(name=model.name, is_model=model.is_model)
        run_id = self.recorded.archive.manifest.run_id
        return report_of(
            run_id,
            found,
            reviewer=reviewer,
            fail_on=policy.fail_on,
            said=state.decided_by.ledger,
        )

    def _diff(self, state: Kept) -> Diff:
        whole = parse_diff(self._artifact(state.diff_blob, "diff").data)
        return without(whole, state.excluded)

    def _judged(self, state: Kept) -> tuple[Judged, ...]:
        return JUDGED.validate_python(self._json(state.judged_blob, "judged findings"))

    def _json(self, digest: str, what: str) -> Any:
        artifact = self._artifact(digest, what)
        return artifact_json(artifact, self.recorded.archive.path)

    def _artifact(self, digest: str, what: str) -> Artifact:
        found = self.recorded.artifacts.get(digest)
        if found is None:
            raise UnknownError(f"the {what} is not in the bundle")
        return found


def _said(events: Sequence[Payload]) -> str:
    """Return what the step said in the end, or why the run then stood still."""
    for event in events:
        if isinstance(event, schema.StepFinished):
            return event.summary
        if isinstance(event, schema.RunStateChanged):
            return event.reason
    return ""


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"it cannot be read: {place}: {first['msg']}"
    return str(error)

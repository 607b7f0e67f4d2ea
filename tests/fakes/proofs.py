"""What must hold once a storm is over: at GitHub, in the journal, in the projection."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.base import Base
from bot.github.markers import effect_marker, fingerprint_in
from core.checkpoints.chain import verify_run
from core.errors import BrokenChainError, UnavailableError
from core.events.commit import verify_chain
from core.runs.model import Run
from core.runs.rebuild import rebuild_runs
from core.store.database import Database
from tests.fakes.road import RESTING
from tests.fakes.town import Change, Town

BOT = "nofx[bot]"
OPEN = ("received", "processing")
REVIEWED = ("succeeded", "gate_failed")
# What the check run of a run says when nothing was concluded on it before.
CONCLUSIONS = {
    "succeeded": {"success", "neutral"},
    "gate_failed": {"failure"},
    "cancelled": {"cancelled"},
    "failed": {"action_required"},
    "dead": {"action_required"},
}
Json = dict[str, Any]


async def until_calm(town: Town, database: Database, *, seconds: float) -> None:
    """Wait until nothing moves any more; says what does when that takes too long."""
    moving = ["nobody has looked yet"]
    try:
        async with asyncio.timeout(seconds):
            while moving:
                await town.github.settled()
                moving = [f"{one} was not taken" for one in await town.redeliver()]
                moving += await _moving(database)
                await asyncio.sleep(0.2)
    except TimeoutError:
        words = "; ".join(moving)
        raise AssertionError(f"after {seconds:g} s there move: {words}") from None


async def _moving(database: Database) -> list[str]:
    runs = await database.db["runs"].find({}).to_list(None)
    found = await database.db["deliveries"].find({}, {"body": 0}).to_list(None)
    begun = await database.db["journal"].find({"seq": 1}, {"stream": 1}).to_list(None)
    known = {f"run/{one['_id']}" for one in runs}
    return [
        *(
            f"{one['_id']} {one['status']} until {one['due_at']}: {one.get('outcome')}"
            for one in runs
            if one["status"] not in RESTING
        ),
        *(
            f"{one['event']} {one['_id']} {one['state']}: {one.get('reason')}"
            for one in found
            if one["state"] in OPEN
        ),
        *(
            f"{one['stream']} is not listed"
            for one in begun
            if one["stream"].startswith("run/") and one["stream"] not in known
        ),
    ]


def alarms(logged: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the errors that were logged, save those that say what is away."""
    return [
        f"{one['event']} was logged: {one}"
        for one in logged
        if one.get("level", one.get("log_level")) in {"error", "critical"}
        and not isinstance(one.get("exc_info"), UnavailableError)
    ]


async def wrongs(town: Town, base: Base) -> list[str]:
    """Return all that is not as it should be, a sentence each."""
    runs, found = await _histories(base)
    found += await rebuild_runs(base.database, base.runs)
    for change in town.changes:
        found += _Standing.of(town, change, runs).wrongs()
    found += _answers(town)
    dead = await base.database.db["deliveries"].find({"state": "dead"}).to_list(None)
    return [*found, *(f"a delivery was given up: {one['reason']}" for one in dead)]


async def _histories(base: Base) -> tuple[list[Run], list[str]]:
    """Fold and prove each run, and prove the chain of every other stream."""
    journal = base.runs.journal
    begun = base.database.db["journal"].find({"seq": 1}, {"stream": 1})
    runs: list[Run] = []
    broken: list[str] = []
    for stream in [one["stream"] async for one in begun]:
        documents = await journal.documents(stream)
        try:
            if not stream.startswith("run/"):
                verify_chain(documents)
                continue
            runs.append(await base.runs.load(stream.removeprefix("run/")))
            proved = await verify_run(documents, base.blobs)
        except BrokenChainError as error:
            broken.append(str(error))
        else:
            if proved.head != runs[-1].head_hash:
                broken.append(f"{stream} does not end at its head")
    return runs, broken


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """What one pull request shows of nofx, and the runs that should have said it."""

    town: Town
    change: Change
    runs: list[Run]
    reviews: list[Json]
    comments: list[Json]
    summaries: list[Json]

    @classmethod
    def of(cls, town: Town, change: Change, runs: Iterable[Run]) -> "_Standing":
        """Read what stands on a pull request, and pick its runs, oldest first."""
        name, number = change.repository, change.number
        own = [
            run
            for run in runs
            if (run.subject.repository, run.subject.pull) == (name, number)
        ]
        talk = town.github.issue_comments(name, number)
        return cls(
            town=town,
            change=change,
            runs=sorted(own, key=lambda run: run.id),
            reviews=_ours(town.github.reviews(name, number)),
            comments=_ours(town.github.review_comments(name, number)),
            summaries=[one for one in talk if "nofx:summary" in one["body"]],
        )

    def wrongs(self) -> Iterator[str]:
        """Yield what is missing, doubled, or known otherwise in the journal."""
        where = f"{self.change.repository}#{self.change.number}"
        markers = [fingerprint_in(one["body"]) for one in self.comments]
        said = [
            run.id
            for one in self.reviews
            for run in self.runs
            if effect_marker(run.id, "review") in one["body"]
            and "review" in run.effects
        ]
        yield from _doubled(f"{where} has the finding", markers)
        yield from _doubled(f"{where} has a review of", said)
        if len(said) != len(self.reviews):
            yield f"{where} has {len(self.reviews)} reviews, of runs {said}"
        summarised = any("summary" in run.effects for run in self.runs)
        if len(self.summaries) > 1 or len(self.summaries) < self._least(summarised):
            yield f"{where} has {len(self.summaries)} summaries"
        for run in self.runs:
            yield from self._of_run(run)
        if not self.runs or self.runs[-1].subject.head_sha != self._head:
            yield f"{where} has no run on its head {self._head}"

    @property
    def _head(self) -> str:
        name, number = self.change.repository, self.change.number
        return self.town.github.world.pull(name, number).head_sha

    def _least(self, summarised: bool) -> int:  # noqa: FBT001 # what was seen
        sure = any(run.status in REVIEWED for run in self.runs)
        return int(sure and summarised)

    def _of_run(self, run: Run) -> Iterator[str]:
        checks = [
            one
            for one in self.town.github.check_runs(
                run.subject.repository, run.subject.head_sha
            )
            if one["external_id"] == run.id
        ]
        if run.status not in RESTING:
            yield f"{run.id} is {run.status}"
        elif not self._agree(run, checks):
            shown = [(one["conclusion"], one["history"]) for one in checks]
            yield f"{run.id} is {run.status}, and its checks are {shown}"
        ids = {
            "check": {one["id"] for one in checks},
            "review": {one["id"] for one in self.reviews},
            "summary": {one["id"] for one in self.summaries},
        }
        for key, effect in run.effects.items():
            result = effect.result or {}
            told = result.get("id", result.get("review_id"))
            if effect.status == "performed" and told not in ids[key.partition(".")[0]]:
                yield f"{run.id} did {key} as {told}, and GitHub shows {ids}"
            posted = set(result.get("posted", {}).values())
            if not posted <= {one["id"] for one in self.comments}:
                yield f"{run.id} posted {posted}, and some of it is not at GitHub"
            # On a head that moved nothing is published, nor looked for any more.
            due = run.status in REVIEWED and run.subject.head_sha == self._head
            if effect.status == "intended" and due:
                yield f"{run.id} is {run.status}, and nobody knows of its {key}"

    def _agree(self, run: Run, checks: list[Json]) -> bool:
        """Say whether there is one check, completed as the run ended."""
        if [one["status"] for one in checks] != ["completed"]:
            return False
        ruled = any(key.startswith("check.completed") for key in run.effects)
        stands = ruled and run.status not in REVIEWED
        return stands or checks[0]["conclusion"] in CONCLUSIONS[run.status]


def _ours(listed: list[Json]) -> list[Json]:
    return [one for one in listed if one["user"]["login"] == BOT]


def _answers(town: Town) -> Iterator[str]:
    for change, comment_id in town.commands:
        marker = effect_marker(f"comment-{comment_id}", "answer")
        talk = town.github.issue_comments(change.repository, change.number)
        found = [one["body"] for one in talk if marker in one["body"]]
        if len(found) != 1:
            yield f"the command {comment_id} has the answers {found}"


def _doubled(what: str, names: Iterable[str | None]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{what} {name} {count} times"

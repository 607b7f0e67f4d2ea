"""The `runs` collection: what is due, what is active, what a pull request has."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.errors import ActiveRunError
from core.runs.lanes import lane_of
from core.runs.model import TRAIL, Run
from core.runs.queue import COLLECTION, RunQueue
from core.runs.states import RUN, STEP, Status
from core.store.database import (
    Document,
    DuplicateKeyError,
    UpdateOne,
    translating,
)
from core.store.schema import CollectionSpec, IndexSpec
from core.store.slices import is_milestone

LEASED = (Status.RUNNING, Status.CANCELLING)
ONE_ACTIVE = ("repository", "pull", "head_sha", "pipeline")
OPTIONAL = (
    *("lease", "finished_at", "conclusion", "checkpoint_id", "superseded_by"),
    *("base_sha", "installation_id", "lane", "fingerprint"),
)


def _trail_is_legal() -> dict[str, Any]:
    """Demand that the status ends the trail and that each neighbouring pair is a row.

    A raw `$set` of the status leaves the trail behind, a raw `$push` makes a pair that
    no row allows; both are refused.
    """
    pairs = {"$zip": {"inputs": ["$trail", {"$slice": ["$trail", 1, TRAIL]}]}}
    legal = {"$literal": [list(pair) for pair in RUN.pairs()]}
    # The embedded server is slower at `$in`.
    place = {"$indexOfArray": [legal, "$$p"]}
    allowed = {"$map": {"input": pairs, "as": "p", "in": {"$gte": [place, 0]}}}
    ends = {"$eq": ["$status", {"$arrayElemAt": ["$trail", -1]}]}
    short = {"$lt": [{"$size": "$trail"}, 2]}
    return {
        "$cond": [
            {"$isArray": ["$trail"]},
            {"$and": [ends, {"$or": [short, {"$allElementsTrue": [allowed]}]}]},
            False,
        ]
    }


def _shape(
    statuses: Sequence[str],
    required: Sequence[str],
    absent: Sequence[str],
    *,
    active: bool,
) -> Document:
    rule: Document = {
        "properties": {
            "status": {"enum": list(statuses)},
            "active": {"enum": [active]},
        },
        "not": {"anyOf": [{"required": [name]} for name in absent]},
    }
    return rule | ({"required": list(required)} if required else {})


SHAPE: Document = {
    "bsonType": "object",
    "required": [
        *("_id", "head_seq", "status", "trail", "active", "repository", "pull"),
        *("head_sha", "pipeline", "created_at", "due_at", "fence"),
        *("family", "publish"),
    ],
    "properties": {
        "status": {"enum": list(RUN.states())},
        "trail": {"bsonType": "array", "minItems": 1, "maxItems": TRAIL},
        "head_seq": {"bsonType": ["int", "long"], "minimum": 1},
        "fence": {"bsonType": ["int", "long"], "minimum": 0},
        "active": {"bsonType": "bool"},
        "steps": {
            "bsonType": "object",
            "additionalProperties": {"enum": list(STEP.states())},
        },
        "publish": {"bsonType": "bool"},
        "fingerprint": {"bsonType": "string", "pattern": "^[0-9a-f]{16}$"},
        "created_at": {"bsonType": "date"},
        "milestone": {"enum": [True]},
        "due_at": {"bsonType": "date"},
        "finished_at": {"bsonType": "date"},
        "lease": {
            "bsonType": "object",
            "required": ["owner", "until"],
            "properties": {"until": {"bsonType": "date"}},
        },
    },
    "oneOf": [
        _shape([Status.RUNNING], ["lease"], ["finished_at"], active=True),
        _shape([Status.CANCELLING], ["lease"], ["finished_at"], active=False),
        _shape(sorted(RUN.terminal), ["finished_at"], ["lease"], active=False),
        _shape(
            [Status.GATE_FAILED],
            ["checkpoint_id"],
            ["lease", "finished_at"],
            active=True,
        ),
        _shape(
            [Status.QUEUED, Status.WAITING_GATE, Status.RETRY_WAIT, Status.PAUSED],
            [],
            ["lease", "finished_at"],
            active=True,
        ),
    ],
}

SPEC = CollectionSpec(
    name=COLLECTION,
    validator={"$and": [{"$jsonSchema": SHAPE}, {"$expr": _trail_is_legal()}]},
    indexes=(
        IndexSpec(keys=("status", "due_at")),
        IndexSpec(keys=("lane", "repository"), sparse=True),
        IndexSpec(keys=("repository", "pull")),
        IndexSpec(keys=("repository", "head_sha")),
        IndexSpec(keys=("family",)),
        IndexSpec(keys=("created_at",)),
        IndexSpec(keys=("repository", "created_at")),
        IndexSpec(keys=("status", "created_at")),
        IndexSpec(keys=("fingerprint", "created_at"), sparse=True),
        IndexSpec(keys=("milestone", "created_at"), partial={"milestone": True}),
        # A branch that says nothing at GitHub stands in nobody's way.
        IndexSpec(
            keys=ONE_ACTIVE,
            unique=True,
            partial={"active": True, "publish": True},
            label="one_that_speaks",
        ),
    ),
    retired=("repository_1_pull_1_head_sha_1_pipeline_1",),
)


def document_of(run: Run) -> Document:
    """Return the run as the projection keeps it."""
    subject = run.subject
    fields: Document = {
        "_id": run.id,
        "head_seq": run.head_seq,
        "status": str(run.status),
        "trail": [str(status) for status in run.trail],
        # A run on its way out no longer stands in the way of a new one.
        "active": not (run.terminal or run.status is Status.CANCELLING),
        "repository": subject.repository,
        "pull": subject.pull,
        "head_sha": subject.head_sha,
        "base_sha": subject.base_sha,
        "installation_id": subject.installation_id,
        "pipeline": subject.pipeline,
        "reason": subject.reason,
        "requested_by": subject.requested_by,
        "family": run.family,
        "origin": run.origin,
        "publish": run.publish,
        "priority": subject.priority,
        "lane": lane_of(run),
        "created_at": run.created_at,
        "due_at": run.due_at,
        "fence": run.fence,
        "attempt": run.attempt,
        "losses": run.losses,
        "steps": dict(run.steps),
        "checkpoint_id": run.checkpoint_id,
        "conclusion": run.conclusion,
        "outcome": run.outcome,
        "fingerprint": run.fingerprint,
        "superseded_by": run.superseded_by,
        "finished_at": run.finished_at,
    }
    if run.status in LEASED:
        fields["lease"] = {"owner": run.owner, "until": run.due_at}
    if run.parents:
        fields["parents"] = [one.model_dump() for one in run.parents]
    if is_milestone(run.id):
        fields["milestone"] = True
    return {name: value for name, value in fields.items() if value is not None}


def _moves(run: Run, fields: Document) -> list[tuple[Document, Document]]:
    """Return updates that bring an older document forward; one of them finds it."""
    kept = {name: value for name, value in fields.items() if name != "_id"}
    older = {"_id": run.id, "head_seq": {"$lt": run.head_seq}}
    # Never empty: a run is held or has ended, but not both.
    gone = {name: 1 for name in OPTIONAL if name not in fields}
    whole = older, {"$set": kept, "$unset": gone}
    if run.status not in LEASED:
        return [whole]
    leased = [str(status) for status in LEASED]
    held = {**older, "fence": run.fence, "status": {"$in": leased}}
    still = {name: kept[name] for name in kept.keys() - {"lease", "due_at"}}
    return [(held, {"$set": still}), whole]


class RunProjection(RunQueue):
    """Keeps `runs` in step with the journal."""

    async def save(self, run: Run) -> None:
        """Store the run unless a later state of it is there already.

        While one worker holds the run, its lease is left as the heartbeats made it.
        Raises ActiveRunError when another run of this head would be active beside it.
        """
        fields = document_of(run)
        with translating():
            while not (await self._advance(run, fields) or await self._begin(fields)):
                pass  # an older state of it was put there in between

    async def save_all(self, runs: Sequence[Run]) -> None:
        """Store several runs as `save` does, in one command if nothing is in the way.

        Raises the first error; which of the runs are stored is then unknown.
        """
        moves = [move for run in runs for move in _moves(run, document_of(run))]
        with translating():
            done = await self._runs.bulk_write(
                [UpdateOne(which, change) for which, change in moves]
            )
        if done.matched_count < len(runs):  # some are new, or newer there
            for run in runs:
                with translating():
                    there = await self._runs.find_one({"_id": run.id}, {"head_seq": 1})
                if there is None or there["head_seq"] < run.head_seq:
                    await self.save(run)

    async def _advance(self, run: Run, fields: Document) -> bool:
        for which, change in _moves(run, fields):
            done = await self._runs.update_one(which, change)
            if done.matched_count:
                return True
        return False

    async def _begin(self, fields: Document) -> bool:
        try:
            await self._runs.insert_one(fields)
        except DuplicateKeyError:
            found = await self._runs.find_one({"_id": fields["_id"]}, {"head_seq": 1})
            if found is not None:
                return bool(found["head_seq"] >= fields["head_seq"])
            # Another run of this head: this one must not become claimable beside it.
            key = {name: fields[name] for name in ONE_ACTIVE}
            speaks = {**key, "active": True, "publish": True}
            other = await self._runs.find_one(speaks, {"_id": 1})
            if other is not None:
                raise ActiveRunError(run_id=other["_id"], **key) from None
            return False
        return True

    async def get(self, run_id: str) -> Document | None:
        """Return one run's document."""
        with translating():
            found: Document | None = await self._runs.find_one({"_id": run_id})
        return found

    async def of_pull(self, repository: str, pull: int) -> list[Document]:
        """Return a pull request's runs, oldest first."""
        key = {"repository": repository, "pull": pull}
        with translating():
            found = await self._runs.find(key).to_list(None)
        return sorted(found, key=lambda one: str(one["_id"]))

    async def of_repository(self, repository: str) -> list[Document]:
        """Return a repository's runs, in no order."""
        with translating():
            return await self._runs.find({"repository": repository}).to_list(None)

    async def of_head(self, repository: str, head_sha: str) -> list[Document]:
        """Return the runs on a commit, whichever pull request they are of."""
        key = {"repository": repository, "head_sha": head_sha}
        with translating():
            return await self._runs.find(key).to_list(None)

    async def of_family(self, family: str) -> list[Document]:
        """Return the runs that descend from one, itself included."""
        with translating():
            return await self._runs.find({"family": family}).to_list(None)

    async def heartbeat(self, run: Run, until: datetime) -> bool:
        """Hold the lease until `until`; False unless the document says what `run` says.

        `run` must be one that somebody holds.
        """
        mine = {"_id": run.id, "fence": run.fence, "status": str(run.status)}
        change = {"$set": {"lease.until": until, "due_at": until}}
        with translating():
            done = await self._runs.update_one(mine, change)
        return bool(done.matched_count)

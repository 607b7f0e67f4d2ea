"""Whatever is changed in a run's history afterwards is found, and its place named."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.checkpoints.chain import Verified, checkpoints_of, verify_run
from core.errors import BrokenChainError
from core.events.base import JSON, Payload
from core.events.commit import GENESIS, HASHED, chain_hash, from_document, shown
from core.events.schema import BranchCreated, CheckpointRedacted, CheckpointRef
from core.runs.pipeline import StepContext
from core.store.blobs import Blobs, Digest, digest_of
from core.store.database import Database
from tests.fakes.stage import serving, staged

DIFF = b"a diff"
LARGE = "large " * 20_000


@dataclass
class Told:
    """A run that has ended: its documents as the journal holds them."""

    database: Database
    blobs: Blobs
    documents: list[dict[str, Any]]
    head: str

    async def verify(self) -> Verified:
        """Prove the history."""
        return await verify_run(self.documents, self.blobs)

    async def broken(self) -> tuple[object, str]:
        """Return where the history is broken, and how."""
        with pytest.raises(BrokenChainError) as caught:
            await self.verify()
        return caught.value.facts["seq"], str(caught.value.facts["reason"])

    def checkpoints(self) -> Iterator[tuple[dict[str, Any], JSON]]:
        """Yield each checkpoint's document and data."""
        for document in self.documents:
            for event in document["events"]:
                if event["type"] == "checkpoint.captured":
                    yield document, event["data"]

    def add(self, *events: Payload, at: int = 0) -> None:
        """Put events into an entry, the last by default, and forge the chain."""
        stored = [event.stored() for event in events]
        self.documents[at - 1]["events"] += stored
        self.forge()

    def forge(self) -> None:
        """Compute the chain anew, as someone would who can write to the database."""
        head = GENESIS
        for document in self.documents:
            entry = {name: document[name] for name in HASHED}
            entry["time"] = shown(document["time"])
            document["prev_hash"] = head
            head = document["hash"] = chain_hash(head, entry)


@pytest.fixture
async def told(database: Database) -> Told:
    """Give a run of three steps: a small state, an artifact, a large state."""
    stage, blobs = (
        await staged(database, ("small", "artifact", "large")),
        Blobs(database),
    )

    async def artifact(_: StepContext) -> JSON:
        return {"diff_blob": await blobs.put(DIFF), "n": 2}

    async def large(_: StepContext) -> JSON:
        return {"text": LARGE}

    stage.pipeline.script("artifact", artifact)
    stage.pipeline.script("large", large)
    async with serving(stage.worker()):
        run = await stage.until(await stage.ask(), "succeeded")
    documents = await stage.runs.journal.documents(run.stream)
    return Told(database, blobs, documents, run.head_hash)


async def test_a_history_as_it_was_written_is_proved(told: Told) -> None:
    """The proof counts what it saw and ends at the head that the run has."""
    views = checkpoints_of(map(from_document, told.documents))
    assert await told.verify() == Verified(
        stream=told.documents[0]["stream"],
        entries=len(told.documents),
        checkpoints=len(views),
        redacted=0,
        head=told.head,
    )


async def test_checkpoints_are_shown_as_they_stand_in_the_run(told: Told) -> None:
    """Each step has one before and one after it, each the next one's parent."""
    views = checkpoints_of(map(from_document, told.documents))
    edges = [("before", "small"), ("after", "small"), ("before", "artifact")]
    edges += [("after", "artifact"), ("before", "large"), ("after", "large")]
    assert [(view.kind, view.step) for view in views] == edges
    ids = [view.checkpoint_id for view in views]
    assert [view.parents for view in views] == [(), *((one,) for one in ids[:-1])]
    assert views[3].artifacts == {"diff": digest_of(DIFF)}
    assert views[3].state == {"diff_blob": digest_of(DIFF), "n": 2}
    assert views[5].state is None
    assert not any(view.redacted for view in views)


Leaf = tuple[dict[str, Any] | list[Any], Any]


def leaves(value: Any) -> Iterator[Leaf]:
    """Yield each place in a document that holds something simple."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        if isinstance(inner, dict | list) and inner:
            yield from leaves(inner)
        elif key not in {"writer", "wseq"}:
            yield value, key


def changed(value: Any) -> Any:
    """Return another value of the same kind."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}x"
        case datetime():
            return value + timedelta(milliseconds=1)
        case _:
            return "something"


@given(at=st.floats(0, 1, exclude_max=True), drop=st.booleans())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_nothing_can_be_changed_unnoticed(
    told: Told, *, at: float, drop: bool
) -> None:
    """Any one value is changed or taken away: no proof, whichever it was."""
    mine = Told(told.database, told.blobs, deepcopy(told.documents), told.head)
    every = list(leaves(mine.documents))
    place, key = every[int(at * len(every))]
    if drop:
        del place[key]
    else:
        place[key] = changed(place[key])
    seq, _ = await mine.broken()
    assert mine.documents[int(str(seq)) - 1] != told.documents[int(str(seq)) - 1]


async def test_an_entry_that_is_gone_is_named(told: Told) -> None:
    """What follows the gap does not follow the entry before it."""
    del told.documents[2]
    assert await told.broken() == (3, "it is missing")


def forge_state(told: Told) -> None:
    """Change a state inside the journal, and nothing that the hash covers."""
    told.documents[2]["state"]["n"] = 3


def forge_parent(told: Told) -> None:
    """Let a checkpoint come from one that is in no run."""
    next(iter(told.checkpoints()))[1]["parents"] = ["cp_elsewhere"]


def forge_id(told: Told) -> None:
    """Give two checkpoints one id."""
    (_, first), (_, second), *_ = told.checkpoints()
    second["checkpoint_id"] = first["checkpoint_id"]


def forge_kind(told: Told) -> None:
    """Write a checkpoint of a kind that there is not."""
    next(iter(told.checkpoints()))[1]["kind"] = "invented"


@pytest.mark.parametrize(
    ("forge", "seq", "reason"),
    [
        (forge_state, 3, "its state is not what its digest names"),
        (forge_parent, 1, "its parent cp_elsewhere is not known"),
        (forge_id, 2, "its id is taken by another of the run"),
        (forge_kind, 1, "it cannot be read"),
    ],
)
async def test_a_forged_chain_does_not_hide_a_forged_checkpoint(
    told: Told, forge: Callable[[Told], None], seq: int, reason: str
) -> None:
    """Who can compute the hashes anew still has to explain each checkpoint."""
    forge(told)
    told.forge()
    found, words = await told.broken()
    assert isinstance(found, int)
    assert found >= seq
    assert reason in words


async def test_a_blob_that_is_gone_or_damaged_is_named(told: Told) -> None:
    """The artifact of one checkpoint, the large state of another."""
    blobs = told.database.db["blobs"]
    diff, state = digest_of(DIFF), list(told.checkpoints())[-1][1]["digest"]
    found = await blobs.find_one({"_id": diff})
    assert found is not None
    await blobs.update_one({"_id": state}, {"$set": {"parts": [diff, diff]}})
    _, words = await told.broken()
    assert words.startswith("checkpoint cp_")
    assert f"its state {state} is damaged" in words
    await blobs.delete_one({"_id": diff})
    _, words = await told.broken()
    assert f"its artifact diff {diff} is missing" in words


async def test_the_first_broken_link_is_named(told: Told) -> None:
    """A lost artifact comes before an entry that was changed after it."""
    told.documents[-1]["fence"] += 1
    seq, _ = await told.broken()
    assert seq == len(told.documents)
    await told.database.db["blobs"].delete_one({"_id": digest_of(DIFF)})
    seq, words = await told.broken()
    assert isinstance(seq, int)
    assert seq < len(told.documents)
    assert "its artifact diff" in words


async def test_a_redacted_state_need_not_be_there(told: Told) -> None:
    """The tombstone says that it was erased; everything else is still proved."""
    *_, (_, last) = told.checkpoints()
    await told.database.db["blobs"].delete_one({"_id": last["digest"]})
    redaction = CheckpointRedacted(
        checkpoint_id=last["checkpoint_id"],
        digest=last["digest"],
        actor="ann",
        reason="a key was in it",
    )
    told.add(redaction)
    verified = await told.verify()
    assert verified.redacted == 1
    view = checkpoints_of(map(from_document, told.documents))[-1]
    assert (view.redacted, view.state) == (True, None)


async def test_a_branch_may_come_from_other_runs(told: Told) -> None:
    """It names them with their runs, and no other parent is taken from elsewhere."""
    forge_parent(told)
    ref = CheckpointRef(run_id="run_other", checkpoint_id="cp_elsewhere")
    branch = BranchCreated(
        origin="branch",
        parents=(ref,),
        family="run_other",
        overrides={},
        publish=False,
        actor="ann",
        reason="another model",
    )
    told.add(branch, at=1)
    assert (await told.verify()).checkpoints == 6
    told.documents[0]["events"][-1]["data"]["parents"][0]["run_id"] = "a/b"
    told.forge()
    assert "its parent cp_elsewhere is not known" in (await told.broken())[1]


async def test_an_empty_history_proves_nothing(told: Told) -> None:
    """No entries, no head but the beginning."""
    told.documents.clear()
    verified = await told.verify()
    assert (verified.entries, verified.head) == (0, GENESIS)
    assert await told.blobs.get(Digest(digest_of(DIFF))) == DIFF

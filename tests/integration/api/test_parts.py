"""What belongs to a run: checkpoints with their states, effects, family, proof."""

from itertools import pairwise
from typing import Any

import pytest

from core.store.database import Database
from tests.fakes.api import ApiStage
from tests.fakes.stage import Remote, serving

UNKNOWN = "cp_01hxqg5t0kc8f2v7w3m9b4n6ry"
PARTS = ("", "/checkpoints", "/gates", "/effects", "/tree", "/verification")


async def finished(api: ApiStage, **subject: Any) -> str:
    """Run a run to its end and return its id."""
    run_id = await api.stage.ask(**subject)
    async with serving(api.stage.worker()):
        await api.stage.until(run_id, "succeeded")
    return run_id


async def test_checkpoints_follow_each_other(api: ApiStage) -> None:
    """Before and after each step, each naming the one before it."""

    async def act(_: object) -> dict[str, Any]:
        return {"seen": ["a.py"], "large": "x" * 20_000}

    api.stage.pipeline.script("one", act)
    run_id = await finished(api)
    listed = (await api.ask(f"/runs/{run_id}/checkpoints")).body["checkpoints"]
    assert {one["kind"] for one in listed} >= {"after"}
    for before, after in pairwise(listed):
        assert after["parents"] == [before["checkpoint_id"]]
    last = (
        await api.ask(f"/runs/{run_id}/checkpoints/{listed[-1]['checkpoint_id']}")
    ).body
    assert last["state"]["seen"] == ["a.py"]
    assert len(last["state"]["large"]) == 20_000
    assert last["digest"] == listed[-1]["digest"]


async def test_a_foreign_checkpoint_is_not_found(api: ApiStage) -> None:
    """A checkpoint is asked of its own run; of another run, it is not there."""
    first, second = await finished(api), await finished(api, pull=2)
    foreign = (await api.ask(f"/runs/{second}/checkpoints")).body["checkpoints"][0]
    for wanted in (foreign["checkpoint_id"], UNKNOWN):
        answer = await api.ask(f"/runs/{first}/checkpoints/{wanted}")
        assert (answer.status, answer.body["code"]) == (404, "checkpoint_not_found")
    answer = await api.ask(f"/runs/{first}/checkpoints/{first}")
    assert (answer.status, answer.body["code"]) == (404, "id_malformed")


async def test_effects_are_listed_with_their_answers(api: ApiStage) -> None:
    """Each write stands once, with what GitHub answered."""
    remote = Remote()

    async def act(context: Any) -> dict[str, Any]:
        await context.effects.once(remote.write("comment:1"))
        return {}

    api.stage.pipeline.script("two", act)
    run_id = await finished(api)
    (effect,) = (await api.ask(f"/runs/{run_id}/effects")).body["effects"]
    assert effect["key"] == "comment:1"
    assert (effect["kind"], effect["status"]) == ("note", "performed")
    assert effect["result"] == {"id": 0}
    assert (await api.ask(f"/runs/{run_id}")).body["effects"] == {"performed": 1}


async def test_a_run_without_relatives_is_its_own_family(api: ApiStage) -> None:
    """The tree of a run that nobody branched has one node."""
    run_id = await finished(api)
    tree = (await api.ask(f"/runs/{run_id}/tree")).body
    assert tree["root"] == run_id
    assert [one["id"] for one in tree["runs"]] == [run_id]
    assert tree["runs"][0]["parents"] == []


async def test_an_untouched_history_is_proved(api: ApiStage) -> None:
    """Every entry and every state was walked."""
    run_id = await finished(api)
    proof = (await api.ask(f"/runs/{run_id}/verification")).body
    assert proof["intact"] is True
    assert proof["entries"] == (await api.ask(f"/runs/{run_id}")).body["head_seq"]
    assert proof["checkpoints"] > 0
    assert proof["head"] == (await api.stage.run(run_id)).head_hash


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"events.0.data.summary": "nothing to see"}, "does not match its hash"),
        ({"prev_hash": "0" * 64}, "does not follow"),
        ({"events.0.type": "no.such_thing"}, "does not match its hash"),
    ],
)
async def test_a_changed_history_is_found_out(
    api: ApiStage, database: Database, change: dict[str, Any], reason: str
) -> None:
    """The first broken link is named, by its number."""
    run_id = await finished(api)
    await database.db.command("collMod", "journal", validator={})
    entry = {"_id": f"run/{run_id}:4"}
    await database.db["journal"].update_one(entry, {"$set": change})
    answer = await api.ask(f"/runs/{run_id}/verification")
    assert answer.status == 200
    assert answer.body["intact"] is False
    assert answer.body["broken_seq"] == 4
    assert reason in answer.body["reason"]


async def test_a_changed_state_is_found_out(api: ApiStage, database: Database) -> None:
    """States stand beside the chain; their digests stand in it."""
    run_id = await finished(api)
    await database.db.command("collMod", "journal", validator={})
    journal = database.db["journal"]
    stored = await journal.find({"stream": f"run/{run_id}"}).to_list(None)
    entry = min((one for one in stored if "state" in one), key=lambda one: one["seq"])
    forged = {"$set": {"state": {"verdict": "fine"}}}
    await journal.update_one({"_id": entry["_id"]}, forged)
    proof = (await api.ask(f"/runs/{run_id}/verification")).body
    assert (proof["intact"], proof["broken_seq"]) == (False, entry["seq"])
    assert "digest" in proof["reason"]


@pytest.mark.parametrize("part", PARTS)
async def test_no_part_of_a_foreign_run_is_there(api: ApiStage, part: str) -> None:
    """Whatever is asked about a run that may not be seen, it is a 404."""
    run_id = await api.stage.ask()
    secret = await api.token(repositories=["acme/*"])
    answer = await api.ask(f"/runs/{run_id}{part}", secret=secret)
    assert (answer.status, answer.body["code"]) == (404, "run_not_found")

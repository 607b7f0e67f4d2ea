"""A run's bundle has all of its parts, says what it lacks, and is always the same."""

import asyncio
import gzip
import json
import resource
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import structlog
from typing_extensions import override

from core.clock import Ids, SystemClock
from core.errors import SpoolError, StoreUnavailableError
from core.events.base import JSON
from core.events.commit import Commit
from core.rca.collectors import COLLECTORS, Part
from core.runs.kept_logs import logged_tries
from core.runs.pipeline import StepContext
from core.store.blobs import Blobs
from core.store.database import Database
from tests.fakes.built_bundles import built, bundler_over, members_of
from tests.fakes.canaries import Canaries, seen
from tests.fakes.log_lines import production_log
from tests.fakes.secret_runs import SecretRun
from tests.fakes.stage import Stage, serving, staged
from tests.fakes.unpacking import layers_of

OWN = "our own webhook secret, long enough"
log = structlog.get_logger("test")


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """Give a stage with the steps `one` and `two`."""
    stage = await staged(database)
    yield stage
    await stage.close()


async def worked(stage: Stage) -> str:
    """Return a run that has logged, and ended."""

    async def act(context: StepContext) -> JSON:
        log.info("reading", file="app.py")
        await asyncio.sleep(0)
        return {**context.state, "done": len(context.state)}

    stage.pipeline.script("one", act)
    stage.pipeline.script("two", act)
    with production_log():
        async with serving(stage.worker()):
            run_id = await stage.ask()
            await stage.until(run_id, "succeeded")
    return run_id


async def test_a_bundle_holds_what_it_says(stage: Stage, tmp_path: Path) -> None:
    """Each member is listed with its sum, and the head stands first."""
    run_id = await worked(stage)
    bundler = bundler_over(stage.runs, stage.database, tmp_path)
    made, data = await built(bundler, run_id)
    members = members_of(data)
    assert [*members][:4] == [
        "00-REPORT.md",
        "report.html",
        "manifest.json",
        "SHA256SUMS",
    ]
    assert [*members][4:] == sorted([*members][4:])
    lines = members["SHA256SUMS"].decode().splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert sums == {
        name: sha256(content).hexdigest()
        for name, content in members.items()
        if name != "SHA256SUMS"
    }
    manifest = json.loads(members["manifest.json"])
    assert {one["name"]: one["sha256"] for one in manifest["members"]} == {
        name: value for name, value in sums.items() if name != "manifest.json"
    }
    assert made.sha256 == sha256(data).hexdigest()
    assert made.size == len(data)
    assert made.members == len(members)
    assert made.errors == ()
    assert not list(tmp_path.iterdir())  # noqa: ASYNC240 # a test may wait


async def test_every_part_of_the_layout_is_there_and_can_be_read(
    stage: Stage, tmp_path: Path
) -> None:
    """JSON is JSON, lines are lines, each artifact is what its name says."""
    run_id = await secret_run(stage, Canaries.made(own=OWN))
    made, data = await built(bundler_over(stage.runs, stage.database, tmp_path), run_id)
    assert made.errors == ()
    members = members_of(data)
    for name, content in members.items():
        if name.endswith(".json"):
            json.loads(content)
        if name.endswith(".ndjson"):
            assert all(isinstance(one, dict) for one in lines_of(content))
    folders = {name.split("/")[0] for name in members}
    assert folders >= {
        *("00-REPORT.md", "report.html", "manifest.json", "SHA256SUMS", "analysis"),
        *("run", "events", "logs", "checkpoints", "diffs", "artifacts", "gates"),
        *("approvals", "effects", "model", "metrics", "resources", "redaction"),
        "errors",
    }
    merged = lines_of(members["logs/merged.ndjson"])
    steps = [
        line
        for name in sorted(members)
        if name.startswith("logs/steps/")
        for line in lines_of(members[name])
    ]
    key = json.dumps
    assert sorted(map(key, merged)) == sorted(map(key, steps))
    assert len(lines_of(members["events/left.ndjson"])) == 1
    first, second = (json.loads(members[f"checkpoints/000{at}.json"]) for at in (1, 2))
    assert first["state"]["at"] < second["state"]["at"]
    assert json.loads(members["diffs/0001-0002.json"])["counts"]["changed"]
    assert b"\nnofx_sandbox_runs_total{" in members["metrics/window.prom"]


async def test_a_secret_in_any_part_is_nowhere_in_the_bundle(
    stage: Stage, tmp_path: Path
) -> None:
    """Not in a member, its name, or what lies packed in it."""
    canaries = Canaries.made(own=OWN)
    run_id = await secret_run(stage, canaries)
    bundler = bundler_over(stage.runs, stage.database, tmp_path, OWN)
    made, data = await built(bundler, run_id)
    assert made.errors == ()
    members, needles = members_of(data), canaries.needles()
    found = {
        f"{kind} in {name}"
        for name, content in members.items()
        for layer in (name.encode(), *layers_of(content))
        for kind in seen(layer, needles)
    }
    assert found == set()
    assert not seen(gzip.decompress(data), needles)
    report = json.loads(members["redaction/report.json"])
    assert report["masked"]["nofx.packed"]
    masked = {name.split("/")[0] for name in report["by_member"]}
    assert masked >= {
        *("events", "logs", "checkpoints", "diffs", "artifacts", "gates"),
        *("approvals", "effects", "model", "resources", "analysis"),
    }


async def test_two_builds_are_the_same_bytes(stage: Stage, tmp_path: Path) -> None:
    """Also by another process's services, and after the world has moved on."""
    run_id = await secret_run(stage, Canaries.made(own=OWN))
    _, data = await built(bundler_over(stage.runs, stage.database, tmp_path), run_id)
    await worked(stage)
    other = bundler_over(stage.other_process(), stage.database, tmp_path)
    _, again = await built(other, run_id)
    assert again == data


class Failing(Part):
    """Writes a member, half of another, and then fails."""

    name = "failing"

    @override
    async def page(self, commits: Sequence[Commit]) -> None:
        await self.packer.json("failing/whole", {"fine": True})
        half = self.packer.lines("failing/half")
        await half.add({"n": number} for number in range(300))
        msg = f"the disk of {OWN} is gone"
        raise OSError(msg)


async def test_a_collector_that_fails_is_told_and_not_fatal(
    stage: Stage, tmp_path: Path
) -> None:
    """What it had written stays, and what was half written is named."""
    run_id = await worked(stage)
    bundler = bundler_over(
        stage.runs, stage.database, tmp_path, OWN, collectors=(Failing, *COLLECTORS)
    )
    made, data = await built(bundler, run_id)
    members = members_of(data)
    assert made.errors == ("failing",)
    assert json.loads(members["failing/whole.json"]) == {"fine": True}
    assert len(lines_of(members["failing/half.ndjson"])) == 256
    (told,) = lines_of(members["errors/collection.ndjson"])
    assert told["collector"] == "failing"
    assert told["member"] == "failing/half.ndjson"
    assert told["error"].startswith("OSError: the disk of [masked:")
    assert json.loads(members["manifest.json"])["errors"] == [told]
    assert b"failing" in members["00-REPORT.md"]
    assert lines_of(members["events/events.ndjson"])


class Away(Part):
    """Meets a database that went away."""

    name = "away"

    @override
    async def page(self, commits: Sequence[Commit]) -> None:
        raise StoreUnavailableError(reason="it was killed")


async def test_what_all_parts_need_is_no_failure_of_one(
    stage: Stage, tmp_path: Path
) -> None:
    """A bundle that lacks parts for want of it would be kept for good."""
    run_id = await worked(stage)
    away = bundler_over(
        stage.runs, stage.database, tmp_path, collectors=(Away, *COLLECTORS)
    )
    with pytest.raises(StoreUnavailableError):
        await built(away, run_id)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        with pytest.raises(SpoolError, match=f"{tmp_path}: File too large"):
            await built(bundler_over(stage.runs, stage.database, tmp_path), run_id)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())  # noqa: ASYNC240 # a test may wait


async def test_a_blob_that_is_gone_costs_its_part_alone(
    stage: Stage, tmp_path: Path
) -> None:
    """The log's lines are missing; everything else is there."""
    run_id = await worked(stage)
    commits = await stage.runs.history(run_id)
    for one in logged_tries(commits):
        await stage.database.db["blobs"].delete_one({"_id": one.digest})
    made, data = await built(bundler_over(stage.runs, stage.database, tmp_path), run_id)
    assert made.errors == ("logs",)
    assert lines_of(members_of(data)["events/events.ndjson"])


async def test_nothing_is_left_behind_when_nobody_waits(
    stage: Stage, tmp_path: Path
) -> None:
    """A build that is cancelled removes its folder."""
    run_id = await worked(stage)
    begun = asyncio.Event()

    class Waiting(Part):
        name = "waiting"

        @override
        async def page(self, commits: Sequence[Commit]) -> None:
            begun.set()
            await asyncio.Event().wait()

    bundler = bundler_over(stage.runs, stage.database, tmp_path, collectors=(Waiting,))
    task = asyncio.create_task(built(bundler, run_id))
    await begun.wait()
    (spool,) = tmp_path.iterdir()  # noqa: ASYNC240 # a test may wait
    assert spool.stat().st_mode & 0o777 == 0o700
    assert {one.stat().st_mode & 0o777 for one in spool.iterdir()} == {0o600}
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not list(tmp_path.iterdir())  # noqa: ASYNC240 # a test may wait


async def secret_run(stage: Stage, canaries: Canaries) -> str:
    """Write a run full of secrets; returns its id."""
    clock = SystemClock()
    run_id = Ids(clock).new("run")
    writer = SecretRun(stage.runs.journal, Blobs(stage.database), clock)
    await writer.write(run_id, canaries)
    return run_id


def lines_of(content: bytes) -> list[Any]:
    """Return the lines of a member of JSON lines."""
    return [json.loads(line) for line in content.splitlines()]

"""Workers that are killed, stalled or cut off, and states that are gone."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count

from core.clock import SystemClock
from core.errors import GitHubUnavailableError
from core.events.journal import Journal
from core.review.reviewer import ReviewRequest
from core.runs.left import left_stream
from core.runs.walk import cancelled
from tests.fakes.histories import append
from tests.fakes.scripted_model import raising, saying
from tests.fakes.stage import QUICK
from tests.fakes.workers import kill, worker_process
from tests.faults.rca_of_github import COMPARE, PULL
from tests.faults.rca_provoking import Provoked
from tests.faults.rca_scene import Asked, Scene

# It never beats, as a process that is stopped never does.
STALLED = replace(QUICK, lease=2.0, heartbeat=60)
FRAGILE = replace(QUICK, losses=1)
# It outlasts the outage, so that who lost the database can tell of it himself.
LASTING = replace(QUICK, lease=60.0)
AWAY = GitHubUnavailableError(method="GET", path="/x", reason="no route")


@asynccontextmanager
async def at_work(
    scene: Scene, seconds: float
) -> AsyncIterator[tuple[Asked, asyncio.subprocess.Process]]:
    """Give a run and the process that works it, and waits for GitHub so long."""
    asked = await scene.asked()
    path = PULL.format(number=asked.number)
    hit = scene.fault("slow", path, seconds=seconds, times=1)
    folder = scene.folder / asked.branch
    async with worker_process(scene.road.settings, folder) as process:
        await scene.road.until(lambda: hit.times == 0)
        yield asked, process


async def taken_back(scene: Scene, asked: Asked) -> None:
    """Wait until the lease is over, and the run is in the queue again."""
    reaper = scene.worker()
    async with asyncio.timeout(60):
        while (run := await scene.base.runs.load(asked.run_id)).status != "queued":
            # As a worker with a slot would, that finds it in the queue no more: who was
            # killed may have claimed it and not shown that.
            await scene.base.runs.projection.save(run)
            await reaper.reap()
            await asyncio.sleep(0.05)


async def killed(scene: Scene) -> str:
    """Send SIGKILL to a worker in the middle of a step."""
    async with at_work(scene, 60) as (asked, process):
        await kill(process)
        await taken_back(scene, asked)
    return asked.run_id


async def killed_too_often(scene: Scene) -> str:
    """Let the next worker give a run up that was lost before."""
    run_id = await killed(scene)
    await scene.work(run_id, pace=FRAGILE)
    return run_id


async def fenced(scene: Scene) -> str:
    """Stop a worker past its lease, let it go on, and let another end its run."""
    async with at_work(scene, 1) as (asked, process):
        process.send_signal(signal.SIGSTOP)
        await taken_back(scene, asked)
        # Held by another, it cannot be claimed again by who was stopped.
        scene.fault("slow", COMPARE, seconds=4, times=1)
        other = asyncio.create_task(scene.work(asked.run_id))
        await scene.until(asked.run_id, "running")
        process.send_signal(signal.SIGCONT)
        await noted(scene, asked)
        await other
    return asked.run_id


async def noted(scene: Scene, asked: Asked) -> None:
    """Wait until a worker has said beside the run that it let go of it."""
    stream = left_stream(asked.run_id)
    async with asyncio.timeout(60):
        while True:
            if await scene.base.runs.journal.read(stream):
                return
            await asyncio.sleep(0.05)


async def stalled(scene: Scene) -> str:
    """Let one slot of a process hang, while the process itself goes on."""
    asked = await scene.asked()
    path = PULL.format(number=asked.number)
    hit = scene.fault("slow", path, seconds=30, times=1)
    other = scene.other_process()
    worker = scene.worker(base=other, pace=STALLED)
    hanging = asyncio.create_task(worker.work_on(asked.run_id))
    await scene.road.until(lambda: hit.times == 0)
    busy = asyncio.create_task(at_other_work(other.runs.journal, asked.branch))
    await taken_back(scene, asked)
    for task in (hanging, busy):
        await cancelled(task)
    return asked.run_id


async def at_other_work(journal: Journal, name: str) -> None:
    """Write again and again, as a process does whose other slots are at work."""
    for seq in count(1):
        await append(journal, SystemClock(), f"x/{name}", seq)
        await asyncio.sleep(0.05)


async def state_gone(scene: Scene) -> str:
    """Delete the state of a run's last checkpoint between two tries."""
    asked = await scene.asked(body="word " * 10_000)
    run = await scene.work(asked.run_id, says=raising(AWAY))
    await scene.base.database.db["blobs"].delete_one({"_id": run.state_digest})
    await scene.work(asked.run_id, says=saying("[]"))
    return asked.run_id


async def artifact_gone(scene: Scene) -> str:
    """Delete the diff that a state names between two tries."""
    asked = await scene.asked()
    run = await scene.work(asked.run_id, says=raising(AWAY))
    state = await scene.base.runs.state_of(run)
    await scene.base.database.db["blobs"].delete_one({"_id": state["diff_blob"]})
    await scene.work(asked.run_id, says=saying("[]"))
    return asked.run_id


async def database_lost(scene: Scene) -> str:
    """Kill the database under a step, and start it again before all is given up."""
    asked = await scene.asked()
    server = scene.server
    assert server is not None
    starting: list[asyncio.Task[None]] = []

    async def back() -> None:
        await asyncio.sleep(8)
        await server.open()

    async def says(_: ReviewRequest) -> str:
        os.kill(server.pid, signal.SIGKILL)
        starting.append(asyncio.create_task(back()))
        return "[]"

    await scene.work(asked.run_id, says=says, pace=LASTING)
    await asyncio.gather(*starting)
    return asked.run_id


WORKERS = (
    Provoked(name="worker_killed", how="SIGKILL in a step", do=killed),
    Provoked(
        name="losses_exhausted",
        how="SIGKILL, and the next worker gives it up",
        do=killed_too_often,
        slow=True,
    ),
    Provoked(
        name="worker_fenced",
        how="SIGSTOP past the lease, then SIGCONT",
        do=fenced,
        slow=True,
    ),
    Provoked(name="lease_lost", how="a slot that hangs past its lease", do=stalled),
    Provoked(
        name="checkpoint_unreadable", how="its state's blob is gone", do=state_gone
    ),
    Provoked(
        name="checkpoint_unreadable", how="its diff's blob is gone", do=artifact_gone
    ),
)
# Each needs a database of its own, for it does not leave it as it was.
DATABASE = (
    Provoked(
        name="database_lost",
        how="the database is killed under a step",
        do=database_lost,
        slow=True,
    ),
)

"""Tiny limits: of programs in the sandbox, of steps, of runs and of the queue."""

import asyncio
import sys

from bot.models.rules import ruff
from core.review.reviewer import ReviewRequest
from core.runs.limits import Limits
from core.sandbox import Command, Sandbox
from core.sandbox import Limits as SandboxLimits
from tests.fakes.scripted_model import Says
from tests.faults.rca_provoking import How, Provoked
from tests.faults.rca_scene import Scene, within

SHORT = within(step_seconds=0.3)
LATE = within(run_seconds=1.0)
COMPARE = r"/compare/"


def running(program: str, **limits: float) -> How:
    """Return how a reviewer runs a Python program in the sandbox within limits."""
    command = Command(
        argv=(sys.executable, "-I", "-S", "-c", program),
        limits=SandboxLimits(**limits),  # type: ignore[arg-type] # whole numbers
    )
    return _run(_program(command))


def _program(command: Command) -> Says:
    async def says(_: ReviewRequest) -> str:
        await Sandbox().run(command)
        return "[]"

    return says


def _run(says: Says) -> How:
    async def do(scene: Scene) -> str:
        asked = await scene.asked()
        await scene.work(asked.run_id, says=says)
        return asked.run_id

    return do


async def ruff_is_choked(scene: Scene) -> str:
    """Give the real analyzer so little memory that it cannot read a file."""
    usual = ruff.LIMITS
    rows = "".join(f"value_{n} = [{n}, {n} + 1]\n" for n in range(3000))
    asked = await scene.asked({"app.py": rows})
    ruff.LIMITS = SandboxLimits(memory_bytes=46 << 20)
    try:
        await scene.work(asked.run_id)
    finally:
        ruff.LIMITS = usual
    return asked.run_id


async def slow_step(scene: Scene) -> str:
    """Let GitHub be slower than a step may be."""
    asked = await scene.asked()
    scene.fault("slow", COMPARE, seconds=1.0)
    await scene.work(asked.run_id, limits=SHORT, times=2)
    return asked.run_id


async def slow_run(scene: Scene) -> str:
    """Let GitHub be slower than a run may be."""
    asked = await scene.asked()
    scene.fault("slow", COMPARE, seconds=2.0)
    await scene.work(asked.run_id, limits=LATE)
    return asked.run_id


async def starved(scene: Scene) -> str:
    """Have one slot, and a long run in it."""
    before = await scene.asked()
    asked = await scene.asked()
    scene.fault("slow", COMPARE, seconds=1.5, times=1)
    worker = scene.worker(limits=within(run_seconds=60))
    await worker.work_on(before.run_id)
    await asyncio.sleep(0.2)
    await scene.work(asked.run_id, limits=LATE)
    return asked.run_id


def _row(name: str, how: str, do: How, limits: Limits = SHORT) -> Provoked:
    return Provoked(name=name, how=how, do=do, limits=limits)


LIMITS = (
    _row(
        "out_of_memory",
        "a program takes more memory than it may",
        running("bytearray(1 << 30)", memory_bytes=256 << 20),
    ),
    _row("out_of_memory", "ruff with little memory", ruff_is_choked),
    _row(
        "cpu_limit",
        "a program computes without an end",
        running("while True: pass", cpu_seconds=1, wall_seconds=30),
    ),
    _row(
        "output_limit",
        "a program writes without an end",
        running("while True: print('x' * 1000)", output_bytes=10_000),
    ),
    _row(
        "program_crashed",
        "a program gives itself up",
        running("import os; os.abort()"),
    ),
    _row(
        "timed_out",
        "a program sleeps",
        running("import time; time.sleep(60)", wall_seconds=0.5),
    ),
    _row("timed_out", "a step over its time", slow_step),
    _row("timed_out", "a run over its time", slow_run, LATE),
    _row("queue_starved", "one slot, and a long run before it", starved, LATE),
)

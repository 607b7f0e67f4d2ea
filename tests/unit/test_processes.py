"""Programs that are left in the middle: neither they nor their pipes stay."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

import pytest

from bot.pipeline.checkout import Checkout
from bot.settings import environment
from bot.simulator.git import Git
from core.processes import running
from tests.fakes.git_repository import GitRepository
from tests.fakes.waiting import eventually

FORKING = "import os, time; os.fork(); print(os.getpid(), flush=True); time.sleep(60)"
# git runs a shell that waits, and both hold the pipes.
WAITING = ("-c", "alias.wait=!touch begun && sleep 60", "wait")


def pipes() -> set[str]:
    """Return the pipes that are open in this process."""
    opened = set()
    for link in Path("/proc/self/fd").iterdir():
        try:
            opened.add(str(link.readlink()))
        except OSError:
            continue  # the folder was read through it
    return {name for name in opened if name.startswith("pipe:")}


async def test_a_program_is_killed_and_its_pipes_are_closed() -> None:
    """Also when a grandchild holds the other ends of them."""
    before = pipes()
    async with running(
        *(sys.executable, "-c", FORKING),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env={},
    ) as process:
        assert process.stdout is not None
        said = {int(await process.stdout.readline()) for _ in range(2)}
    (grandchild,) = said - {process.pid}
    os.kill(grandchild, 9)
    assert process.returncode == -9
    assert pipes() <= before


@pytest.mark.parametrize("reader", ["simulator", "checkout"])
async def test_a_question_to_git_can_be_cancelled(reader: str, tmp_path: Path) -> None:
    """A service that ends in the middle of one leaves nothing open."""
    folder = GitRepository(tmp_path / "repo").path
    git = Git(folder) if reader == "simulator" else Checkout(folder, environment())
    before = pipes()
    asked = asyncio.create_task(git.run(*WAITING))
    await eventually((folder / "begun").exists)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert pipes() <= before

"""The system's own tar, gzip and sha256sum take a bundle for what it says it is."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from core.clock import Ids, SystemClock
from core.store.blobs import Blobs
from core.store.database import Database
from tests.fakes.built_bundles import bundler_over
from tests.fakes.canaries import Canaries
from tests.fakes.secret_runs import SecretRun
from tests.fakes.stage import staged
from tests.judges.debian import installed

OWN = "our own webhook secret, long enough"


@pytest.fixture
async def bundle(database: Database, tmp_path: Path) -> Path:
    """Give the bundle of a run, by its name, in a folder of its own."""
    stage, clock = await staged(database), SystemClock()
    run_id = Ids(clock).new("run")
    writer = SecretRun(stage.runs.journal, Blobs(database), clock)
    await writer.write(run_id, Canaries.made(own=OWN))
    async with bundler_over(stage.runs, database, tmp_path / "spool").build(
        run_id
    ) as made:
        path = tmp_path / made.name
        path.write_bytes(made.path.read_bytes())
    return path


async def said(*words: str, folder: Path) -> str:
    """Run a program, and fail with what it says when it is not content."""
    program = installed(words[0], package="coreutils")
    made = await asyncio.create_subprocess_exec(
        program,
        *words[1:],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await made.communicate()
    assert made.returncode == 0, output.decode()
    return output.decode()


async def test_the_systems_tools_accept_a_bundle(bundle: Path, tmp_path: Path) -> None:
    """It lists, tests and unpacks without a word of warning, and its sums are right."""
    assert await said("gzip", "-t", bundle.name, folder=tmp_path) == ""
    listed = (await said("tar", "tf", bundle.name, folder=tmp_path)).splitlines()
    assert listed[:4] == ["00-REPORT.md", "report.html", "manifest.json", "SHA256SUMS"]
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    words = ("tar", "xzf", str(bundle), "--same-permissions")
    assert await said(*words, folder=unpacked) == ""
    checked = await said("sha256sum", "-c", "--strict", "SHA256SUMS", folder=unpacked)
    assert len(checked.splitlines()) == len(listed) - 1
    assert all(line.endswith(": OK") for line in checked.splitlines())


async def test_promtool_accepts_the_metrics_of_a_bundle(
    bundle: Path, tmp_path: Path
) -> None:
    """Names, types and help are as Prometheus wants them."""
    promtool = installed("promtool", package="prometheus")
    await said("tar", "xzf", bundle.name, "metrics/window.prom", folder=tmp_path)
    given = (tmp_path / "metrics/window.prom").read_bytes()
    judge = await asyncio.create_subprocess_exec(
        *(promtool, "check", "metrics"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await judge.communicate(given)
    assert judge.returncode == 0, output.decode()

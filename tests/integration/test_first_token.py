"""A first `nofx serve` on the embedded database hands over one token, and no more."""

import asyncio
import json
import re
import signal
import sys
from pathlib import Path

import aiohttp

from tests.fakes.road import built_road
from tests.fakes.workers import environment, kill


async def test_a_first_start_hands_over_a_token(
    tmp_path: Path, mongodb_url: str
) -> None:
    """Once, on standard output alone; the log, which others read, never has it."""
    (tmp_path / "road").mkdir()
    async with built_road(tmp_path / "road", mongodb_url, "first") as road:
        environ = environment(road.settings) | {"NOFX_LOG_FORMAT": "json"}
    del environ["MONGODB_URL"]
    first, log = await served(tmp_path, environ)
    (secret,) = re.findall(r"nofx_\w{8}_\w{32,}", first)
    assert first.count("\n") == 1
    assert secret not in log
    again, _ = await served(tmp_path, environ)
    assert again == ""
    listed = await nofx(tmp_path, environ, "token", "list", "--json")
    assert [one["prefix"] for one in json.loads(listed)] == [secret[5:13]]


async def served(folder: Path, environ: dict[str, str]) -> tuple[str, str]:
    """Start `nofx serve`, wait until it answers, and stop it; return what it wrote."""
    process = await started(folder, environ, "serve", "--port", "0", "--workers", "0")
    try:
        assert process.stderr is not None
        log = ""
        while (found := re.search(r'"url": "([^"]+)"', log)) is None:
            line = await process.stderr.readline()
            assert line, log
            log += line.decode()
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{found[1]}/runs") as response,
        ):
            assert response.status == 401
        process.send_signal(signal.SIGTERM)
        out, rest = await process.communicate()
        assert process.returncode == 0
        return out.decode(), log + rest.decode()
    finally:
        await kill(process)


async def nofx(folder: Path, environ: dict[str, str], *arguments: str) -> str:
    """Run one command to its end and return what it printed."""
    process = await started(folder, environ, *arguments)
    out, errors = await process.communicate()
    assert process.returncode == 0, errors
    return out.decode()


async def started(
    folder: Path, environ: dict[str, str], *arguments: str
) -> asyncio.subprocess.Process:
    """Start the real program in a folder of its own."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=folder,
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )

"""Starts the programs of a benchmark, talks to them in lines of JSON, ends them."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
START_SECONDS = 30.0
# The samples of a pull request and its check runs are long lines.
LONGEST_LINE = 1 << 20


class Child:
    """A program that answers lines of JSON with lines of JSON."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    async def hear(self) -> dict[str, Any]:
        """Return the next line that it prints; raises RuntimeError with its log."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(self._log.read_text()[-2000:])
        heard: dict[str, Any] = json.loads(line)
        return heard

    def tell(self, **facts: object) -> None:
        """Send it one line."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(facts).encode() + b"\n")

    async def ask(self, **facts: object) -> dict[str, Any]:
        """Send it one line and return the next that it prints."""
        self.tell(**facts)
        return await self.hear()


@asynccontextmanager
async def child(
    module: str,
    *arguments: object,
    log: Path,
    variables: Mapping[str, str] | None = None,
    python: Path = Path(sys.executable),
) -> AsyncIterator[Child]:
    """Run `python -m module` with only these variables; its errors go to `log`."""
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *(str(python), "-m", module, *map(str, arguments)),
            cwd=log.parent,
            env={
                "PATH": os.defpath,
                "HOME": str(Path.home()),
                "PYTHONPATH": str(ROOT),
                **(variables or {}),
            },
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            limit=LONGEST_LINE,
        )
    try:
        yield Child(process, log)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def listening(port: int) -> None:
    """Return once something accepts connections on a port of this machine."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port

"""A real Prometheus on this machine, for as long as a test needs it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from tests.judges.debian import installed

PACKAGE = "prometheus"
OK = 200
# A scrape may take no longer than this: a busy machine needs more than an instant.
SCRAPED_EVERY = "2s"
CONFIG = {"global": {"scrape_interval": SCRAPED_EVERY, "evaluation_interval": "1s"}}


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A server that answers at `url`."""

    url: str
    session: aiohttp.ClientSession

    async def get(self, path: str, **query: str) -> Any:
        """Return the data of an answer of its API; a refusal fails the test."""
        async with self.session.get(f"{self.url}/api/v1/{path}", params=query) as found:
            body = await found.json()
            assert body["status"] == "success", body
            return body["data"]

    async def value(self, expression: str) -> float | None:
        """Return what an expression comes to now; None when there is no series."""
        data = await self.get("query", query=expression)
        return float(data["result"][0]["value"][1]) if data["result"] else None

    async def is_ready(self) -> bool:
        """Return whether it answers."""
        try:
            async with self.session.get(f"{self.url}/-/ready") as answer:
                return answer.status == OK
        except aiohttp.ClientConnectionError:
            return False


@asynccontextmanager
async def prometheus(
    folder: Path, *, target: str, rules: Path
) -> AsyncIterator[Prometheus]:
    """Run a server that scrapes `target` as the job `nofx`, and evaluates `rules`.

    Skips the test where Debian's `prometheus` is not installed, or fails it in CI.
    """
    program = installed("prometheus", package=PACKAGE)
    port = _free_port()
    process = await asyncio.create_subprocess_exec(
        program,
        f"--config.file={_config(folder, URL(target), rules)}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--enable-feature=exemplar-storage",
        "--log.level=warn",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with aiohttp.ClientSession() as session:
            server = Prometheus(f"http://127.0.0.1:{port}", session)
            async with asyncio.timeout(30):
                while not await server.is_ready():
                    assert process.returncode is None, "prometheus ended by itself"
                    await asyncio.sleep(0.05)
            yield server
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _config(folder: Path, target: URL, rules: Path) -> Path:
    scraped: Mapping[str, Any] = {
        "job_name": "nofx",
        "static_configs": [{"targets": [f"{target.host}:{target.port}"]}],
    }
    place = folder / "prometheus.yml"
    # JSON is YAML.
    place.write_text(
        json.dumps({**CONFIG, "scrape_configs": [scraped], "rule_files": [str(rules)]})
    )
    return place


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port

"""The system's curl downloads bundles, and resumes what was cut in the middle."""

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.base import Base
from core.rca.schema import PART
from core.rca.service import Rca
from core.store.database import Database
from tests.fakes.api import api_stage
from tests.fakes.bundling import tiny_rca

CURL = shutil.which("curl")
pytestmark = [
    pytest.mark.judge,
    pytest.mark.skipif(CURL is None, reason="curl is not installed"),
]
CUT_AT = 2 * PART + 12345
TOO_SHORT = 18


@dataclass
class Cutter:
    """Passes on what comes from a server, and cuts the first answer in the middle."""

    port: int
    cuts: list[int] = field(default_factory=lambda: [CUT_AT])
    heard: list[bytes] = field(default_factory=list)

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass one connection on, both ways."""
        there, back = await asyncio.open_connection("127.0.0.1", self.port)
        asking = asyncio.create_task(self._ask(reader, back))
        left = self.cuts.pop(0) if self.cuts else None
        with suppress(ConnectionError):
            while data := await there.read(65_536):
                data = data if left is None else data[:left]
                writer.write(data)
                await writer.drain()
                left = None if left is None else left - len(data)
                if left == 0:
                    break
        asking.cancel()
        for one in (back, writer):
            one.close()

    async def _ask(
        self, reader: asyncio.StreamReader, back: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                self.heard.append(data)
                back.write(data)
                await back.drain()


@asynccontextmanager
async def cutting(port: int) -> AsyncIterator[tuple[Cutter, int]]:
    """Give the cutter and the port on which it listens."""
    cutter = Cutter(port)
    server = await asyncio.start_server(cutter.serve, "127.0.0.1", 0)
    async with server:
        yield cutter, server.sockets[0].getsockname()[1]


async def curl(*words: str) -> tuple[int, str]:
    """Run curl, and return how it ended and what it said."""
    assert CURL is not None
    child = await asyncio.create_subprocess_exec(
        CURL,
        "-sS",
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await child.communicate()
    return child.returncode or 0, said.decode(errors="replace")


async def test_curl_resumes_a_download_that_was_cut(
    database: Database, tmp_path: Path
) -> None:
    """`curl -C -` asks for the rest alone, and the whole is what the service has."""

    def rca(base: Base) -> Rca:
        made, builder = tiny_rca(base, tmp_path)
        builder.padding = 5 * PART
        return made

    async with api_stage(database, rca=rca) as api:
        run_id = await api.stage.ask()
        made = await api.ask(f"/runs/{run_id}/rca", method="POST")
        token = await api.token("operate")
        file = tmp_path / "rca.tar.gz"
        async with cutting(api.client.port or 0) as (cutter, port):
            words = (
                *("-H", f"Authorization: Bearer {token}", "-C", "-", "-o", str(file)),
                f"http://127.0.0.1:{port}/runs/{run_id}/rca",
            )
            code, said = await curl(*words)
            assert code == TOO_SHORT, said
            had = await asyncio.to_thread(lambda: file.stat().st_size)
            assert 0 < had < made.body["size"]
            code, said = await curl(*words)
            assert code == 0, said
        data = await asyncio.to_thread(file.read_bytes)
        assert hashlib.sha256(data).hexdigest() == made.body["sha256"]
        asked = b"".join(cutter.heard)
        assert f"Range: bytes={had}-".encode() in asked


async def test_curl_checks_what_it_has(database: Database, tmp_path: Path) -> None:
    """With the ETag that it was given, curl is sent nothing again."""

    def rca(base: Base) -> Rca:
        return tiny_rca(base, tmp_path)[0]

    async with api_stage(database, rca=rca) as api:
        run_id = await api.stage.ask()
        await api.ask(f"/runs/{run_id}/rca", method="POST")
        token = await api.token("operate")
        tags, file = tmp_path / "etag", tmp_path / "rca.tar.gz"
        words = (
            *("-H", f"Authorization: Bearer {token}", "-w", "%{http_code}"),
            *("--etag-save", str(tags), "--etag-compare", str(tags)),
            *("-o", str(file), f"{api.client.make_url(f'/runs/{run_id}/rca')}"),
        )
        assert (await curl(*words))[1].endswith("200")
        assert (await curl(*words))[1].endswith("304")

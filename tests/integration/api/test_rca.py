"""Bundles over HTTP: built once, read whole or in parts, by those who may."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.base import Base
from core.audit.reader import AuditFilter, AuditReader
from core.rca.schema import PART
from core.rca.service import Rca
from core.store.database import Database
from tests.fakes.api import ApiStage, api_stage
from tests.fakes.bundling import TinyBuilder, tiny_rca
from tests.fakes.waiting import eventually

NOBODY = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"


@dataclass
class Desk:
    """The API with a builder of tiny bundles, and a run to build one of."""

    api: ApiStage
    builder: TinyBuilder
    run_id: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Return where the run's bundle is."""
        return f"/runs/{self.run_id}/rca"

    async def read(
        self, *, method: str = "GET", secret: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers in small letters, and bytes of the bundle."""
        known = secret or await self.api.token("operate")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.api.client.request(
            method, self.path, headers={"Authorization": f"Bearer {known}", **named}
        ) as response:
            facts = {name.lower(): value for name, value in response.headers.items()}
            return response.status, facts, await response.read()


@asynccontextmanager
async def desk_on(
    database: Database, folder: Path, patience: float = 15.0
) -> AsyncIterator[Desk]:
    """Give the API with a run that waits, and with so much patience."""
    made: list[TinyBuilder] = []

    def rca(base: Base) -> Rca:
        here, builder = tiny_rca(base, folder)
        made.append(builder)
        return here

    async with api_stage(database, rca=rca, patience=patience) as api:
        yield Desk(api, made[0], await api.stage.ask())


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    """Give the API with a run that waits."""
    async with desk_on(database, tmp_path) as desk:
        yield desk


async def test_a_bundle_is_built_and_told_of(desk: Desk) -> None:
    """First it is new, then it is there; both tell its digest and its cause."""
    first = await desk.api.ask(desk.path, method="POST")
    again = await desk.api.ask(desk.path, method="POST", json={})
    assert (first.status, again.status) == (201, 200)
    assert first.body == again.body
    assert first.body["cause"] == {
        "name": "unknown",
        "sentence": "The run ended as it did.",
        "confidence": "possible",
        "next_action": "Do it again.",
    }
    status, headers, data = await desk.read()
    assert status == 200
    digest = hashlib.sha256(data)
    assert first.body["sha256"] == digest.hexdigest() == headers["x-checksum-sha256"]
    encoded = base64.b64encode(digest.digest()).decode()
    assert headers["repr-digest"] == f"sha-256=:{encoded}:" == headers["content-digest"]
    assert headers["etag"] == f'"{digest.hexdigest()}"' == first.headers["Etag"]
    assert headers["accept-ranges"] == "bytes"
    assert headers["content-type"] == "application/gzip"
    assert f'filename="{first.body["name"]}"' in headers["content-disposition"]
    assert int(headers["content-length"]) == len(data) == first.body["size"]
    linked = await desk.api.ask(first.body["links"]["download"])
    assert linked.status == 200


async def test_who_would_wait_for_long_is_told_when_to_come_again(
    database: Database, tmp_path: Path
) -> None:
    """The build goes on without them."""
    async with desk_on(database, tmp_path, patience=0.1) as desk:
        desk.builder.gate.clear()
        waiting = await desk.api.ask(desk.path, method="POST")
        assert waiting.status == 202
        assert waiting.headers["Retry-After"] == "5"
        assert waiting.body["state"] == "building"
        desk.builder.gate.set()
        await eventually(lambda: desk.builder.finished == 1)
        assert (await desk.api.ask(desk.path, method="POST")).status == 200
        assert len(desk.builder.begun) == 1


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        (f"bytes={PART - 3}-{PART + 2}", PART - 3, PART + 3),
        ("bytes=100-", 100, None),
        ("bytes=-7", -7, None),
        ("BYTES = 5 - 99999999", 5, None),
    ],
)
async def test_a_range_is_a_slice(
    desk: Desk, wanted: str, start: int, end: int | None
) -> None:
    """Wherever it begins and ends, across parts too."""
    desk.builder.padding = PART + 10
    await desk.api.ask(desk.path, method="POST")
    _, _, whole = await desk.read()
    status, headers, data = await desk.read(Range=wanted)
    assert status == 206
    assert data == whole[start:end]
    first = start % len(whole)
    told = f"bytes {first}-{first + len(data) - 1}/{len(whole)}"
    assert headers["content-range"] == told
    assert "content-digest" not in headers
    assert "repr-digest" in headers


@pytest.mark.parametrize(
    "wanted", ["bytes=1-2,4-5", "bytes=5-2", "bytes=-", "lines=1-2", "bytes=a-b", "x"]
)
async def test_what_is_no_range_is_passed_over(desk: Desk, wanted: str) -> None:
    """The whole file is the answer, as RFC 9110 has it."""
    await desk.api.ask(desk.path, method="POST")
    status, headers, data = await desk.read(Range=wanted)
    assert status == 200
    assert len(data) == int(headers["content-length"])


async def test_a_range_behind_the_end_is_refused(desk: Desk) -> None:
    """And told how long the file is."""
    made = await desk.api.ask(desk.path, method="POST")
    for wanted in (f"bytes={made.body['size']}-", "bytes=-0"):
        answer = await desk.api.ask(desk.path, headers={"Range": wanted})
        assert answer.status == 416
        assert answer.headers["Content-Range"] == f"bytes */{made.body['size']}"
        assert answer.body["code"] == "range"


async def test_a_range_of_another_version_is_the_whole(desk: Desk) -> None:
    """If-Range with the ETag goes on; with any other, or a date, it begins anew."""
    made = await desk.api.ask(desk.path, method="POST")
    good = made.headers["Etag"]
    for condition, status in (
        (good, 206),
        (f"W/{good}", 200),
        ('"other"', 200),
        ("Sun, 29 Nov 2026 03:15:00 GMT", 200),
    ):
        found = await desk.read(Range="bytes=3-", If_Range=condition)
        assert found[0] == status, condition


async def test_what_the_client_has_is_not_sent_again(desk: Desk) -> None:
    """Nothing follows a 304, and a HEAD tells of the whole without it."""
    made = await desk.api.ask(desk.path, method="POST")
    good = made.headers["Etag"]
    for given in (good, f'"x", W/{good}', "*"):
        status, headers, data = await desk.read(If_None_Match=given)
        assert (status, data) == (304, b"")
        assert headers["etag"] == good
    assert (await desk.read(If_None_Match='"x"'))[0] == 200
    for wanted in ({}, {"Range": "bytes=3-5"}, {"Range": "bytes=99999999-"}):
        status, headers, data = await desk.read(method="HEAD", **wanted)
        assert (status, data) == (200, b"")
        assert int(headers["content-length"]) == made.body["size"]


async def test_the_report_is_read_by_itself(desk: Desk) -> None:
    """It is the first member, as Markdown."""
    await desk.api.ask(desk.path, method="POST")
    known = await desk.api.token("operate")
    async with desk.api.client.get(
        f"{desk.path}/report", headers={"Authorization": f"Bearer {known}"}
    ) as response:
        assert response.status == 200
        assert response.content_type == "text/markdown"
        assert await response.text() == "# A report\n"


async def test_what_was_not_built_says_how_to_build_it(desk: Desk) -> None:
    """A run without a bundle, a version without one, and no run at all."""
    for path in (desk.path, f"{desk.path}/report"):
        answer = await desk.api.ask(path)
        assert (answer.status, answer.body["code"]) == (404, "bundle_not_found")
        assert "POST" in answer.body["hint"]
    await desk.api.ask(desk.path, method="POST")
    assert (await desk.api.ask(f"{desk.path}?seq=99")).status == 404
    for method in ("GET", "POST"):
        answer = await desk.api.ask(f"/runs/{NOBODY}/rca", method=method)
        assert (answer.status, answer.body["code"]) == (404, "run_not_found")


async def test_who_may_not_see_the_run_sees_no_bundle(desk: Desk) -> None:
    """A token of another repository, one that only reads, and none."""
    await desk.api.ask(desk.path, method="POST")
    stranger = await desk.api.token("admin", repositories=["octo/other"])
    reader = await desk.api.token("read")
    for method in ("GET", "POST"):
        told = await desk.api.ask(desk.path, method=method, secret=stranger)
        assert (told.status, told.body["code"]) == (404, "run_not_found")
        assert (await desk.api.ask(desk.path, method=method, secret=reader)).status == (
            403
        )
        assert (await desk.api.ask(desk.path, method=method, secret="")).status == 401


async def test_bad_requests_are_refused(desk: Desk) -> None:
    """Ids, queries and bodies that nobody knows."""
    for path, method, status in (
        ("/runs/nonsense/rca", "GET", 404),
        ("/runs/nonsense/rca", "POST", 404),
        (f"{desk.path}?seq=zero", "GET", 422),
        (f"{desk.path}?seq=1&seq=2", "GET", 422),
        (f"{desk.path}?what=1", "GET", 422),
        (f"{desk.path}?what=1", "POST", 422),
    ):
        answer = await desk.api.ask(path, method=method)
        assert answer.status == status, path
    more = await desk.api.ask(desk.path, method="POST", json={"force": True})
    assert more.status == 422


async def test_the_audit_knows_who_built_and_who_read(desk: Desk) -> None:
    """Each with the bytes that were sent; what sent nothing is not in it."""
    secret = await desk.api.token("operate")
    made = await desk.api.ask(desk.path, method="POST", secret=secret)
    await desk.read(secret=secret)
    await desk.read(secret=secret, Range="bytes=1-10")
    await desk.read(secret=secret, method="HEAD")
    await desk.read(secret=secret, If_None_Match=made.headers["Etag"])
    page = await AuditReader(desk.api.base.runs.journal).page(AuditFilter())
    told = [
        (one.recorded.action, one.recorded.facts["bytes"])
        for one in page.entries
        if one.recorded.action.startswith("bundle.")
    ]
    size = made.body["size"]
    assert sorted(told) == sorted(
        [("bundle.build", size), ("bundle.download", size), ("bundle.download", 10)]
    )


async def test_a_bundle_that_lost_a_part_is_cut_off(desk: Desk) -> None:
    """Nobody takes half of it for all."""
    desk.builder.padding = 3 * PART
    await desk.api.ask(desk.path, method="POST")
    parts = desk.api.base.database.db["bundle_parts"]
    await parts.delete_many({"n": 2})
    with pytest.raises(Exception, match=r"payload|closed|disconnect"):
        await desk.read()


async def test_a_build_that_fails_is_a_problem(desk: Desk) -> None:
    """With its reason, and when to ask again."""
    desk.builder.faults = [OSError("no space left on device")]
    answer = await desk.api.ask(desk.path, method="POST")
    assert (answer.status, answer.body["code"]) == (503, "bundle_failed")
    assert "no space left" in answer.body["detail"]
    assert "Retry-After" in answer.headers


async def test_who_takes_nothing_is_cut_off(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that does not read holds no connection for ever."""
    monkeypatch.setattr("bot.api.rca.SLOWEST", 0.3)
    desk.builder.padding = 24 * PART
    made = await desk.api.ask(desk.path, method="POST")
    known = await desk.api.token("operate")
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", desk.api.client.port, limit=1024
    )
    asked = f"GET {desk.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {known}"
    writer.write(f"{asked}\r\n\r\n".encode())
    with capture_logs() as logs:
        await eventually(lambda: any(one["event"] == "bundle.broken" for one in logs))
    got = 0
    with suppress(ConnectionError):
        while data := await reader.read(PART):
            got += len(data)
    assert got < made.body["size"]
    writer.close()

"""A service that lies does no more to who downloads from it than to be refused."""

import hashlib
import resource
from pathlib import Path

import pytest

from bot.cli.rca.downloading import Downloaded, download
from bot.cli.rca.over_http import http_origin
from core.errors import (
    DownloadBrokenError,
    FileUnwritableError,
    NofxError,
    ServiceAwayError,
    ServiceRefusedError,
)
from tests.fakes.canned_service import answer, canned, offer

RUN = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"
BYTES = b"bundle" * 100
SHA256 = hashlib.sha256(BYTES).hexdigest()
NAME = "rca-one.tar.gz"
OFFER = {"run_id": RUN, "seq": 1, "name": NAME, "size": len(BYTES), "sha256": SHA256}
MADE = answer(201, offer(**OFFER), f'ETag: "{SHA256}"'.encode())


async def at_once(_: float) -> None:
    """Wait for nothing."""


async def brought(folder: Path, post: bytes, get: bytes) -> Downloaded:
    """Download from a service with these two answers."""
    async with (
        canned(post, get) as url,
        http_origin(url, "secret", pause=at_once) as origin,
    ):
        return await download(
            origin, RUN, folder, told=lambda _done, _size: None, pause=at_once
        )


@pytest.mark.parametrize(
    "place", ["1000000000000-1000000000599/600", f"{'9' * 30}-1/1", f"{'9' * 5000}-1/1"]
)
async def test_a_part_from_elsewhere_makes_no_hole(tmp_path: Path, place: str) -> None:
    """What belongs a terabyte further on is refused, not written there."""
    part = tmp_path / f"{NAME}.part"
    part.write_bytes(BYTES[:10])
    (tmp_path / f"{NAME}.part.etag").write_text(f'"{SHA256}"')
    far = answer(206, BYTES, f"Content-Range: bytes {place}".encode())
    with pytest.raises(DownloadBrokenError, match="not asked for"):
        await brought(tmp_path, MADE, far)
    assert part.read_bytes() == BYTES[:10]


async def test_a_full_disk_keeps_what_it_took_and_is_gone_on_from(
    tmp_path: Path,
) -> None:
    """It takes a part of what is written without a word, and then nothing more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (250, before[1]))
    try:
        with pytest.raises(FileUnwritableError, match="File too large"):
            await brought(tmp_path, MADE, answer(200, BYTES))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (tmp_path / f"{NAME}.part").read_bytes() == BYTES[:250]
    rest = answer(206, BYTES[250:], b"Content-Range: bytes 250-599/600")
    done = await brought(tmp_path, MADE, rest)
    assert (done.begun_at, done.path.read_bytes()) == (250, BYTES)


async def test_a_tag_that_no_header_can_hold_is_not_kept(tmp_path: Path) -> None:
    """The sum of the file stands in for an ETag that is no text."""
    made = answer(201, offer(**OFFER), b'ETag: "\xff\xfe"')
    done = await brought(tmp_path, made, answer(200, BYTES))
    assert done.path.read_bytes() == BYTES


async def test_another_run_is_not_taken_for_the_one_that_was_asked(
    tmp_path: Path,
) -> None:
    """An operator would read why the wrong run failed."""
    other = {**OFFER, "run_id": RUN.replace("0", "1")}
    with pytest.raises(ServiceAwayError, match="another run"):
        await brought(tmp_path, answer(201, offer(**other)), answer(200, BYTES))


async def test_a_name_that_no_disk_holds_is_replaced(tmp_path: Path) -> None:
    """A name of 400 letters becomes one that is made of the run's id."""
    made = answer(201, offer(**OFFER | {"name": f"rca-{'a' * 400}.tar.gz"}))
    done = await brought(tmp_path, made, answer(200, BYTES))
    assert done.path == tmp_path / f"rca-{RUN}.tar.gz"


@pytest.mark.parametrize("status", [400, 500])
async def test_a_reason_commands_no_terminal(tmp_path: Path, status: int) -> None:
    """What stands behind a status is told as one line that can be seen."""
    said = answer(status, b"{}", reason=b"Oh \x1b[31mred\x07")
    with pytest.raises(NofxError) as refused:
        await brought(tmp_path, said, b"")
    assert isinstance(refused.value, ServiceAwayError | ServiceRefusedError)
    assert str(refused.value).isprintable()

"""`nofx rca download`: it goes on where it broke off, and checks what came."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from bot.cli.rca.downloading import PLAIN
from tests.fakes.bundle_service import HONEST, Service, download, ended
from tests.fakes.bundles import NAME, RUN, sha256
from tests.fakes.cli import bare_cli, nofx


@pytest.fixture(autouse=True)
def address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mongodb_url: str
) -> Iterator[str]:
    """Point the settings to a database of the test's own, in an empty folder."""
    with bare_cli(monkeypatch, tmp_path, mongodb_url) as url:
        monkeypatch.setenv("NOFX_TOKEN", "a token")
        yield url


def names_in(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return [one.name for one in folder.iterdir()]


async def test_a_bundle_is_downloaded_under_its_name(tmp_path: Path) -> None:
    """The sum is checked, nothing is left beside it, and only its owner can read it."""
    service = Service()

    said = ended(await download(service))

    assert said.splitlines()[-1] == NAME
    assert sha256(HONEST) in said
    assert names_in(tmp_path) == [NAME]
    file = tmp_path / NAME
    assert file.read_bytes() == HONEST
    assert file.stat().st_mode & 0o777 == 0o600
    assert service.tokens == {"Bearer a token"}
    again = ended(await download(service))
    assert "It was there already." in again
    assert len(service.ranges) == 1


async def test_it_waits_for_one_that_is_being_made() -> None:
    """It asks again when it was told to."""
    service = Service()
    service.busy = 3

    ended(await download(service))
    assert service.busy == 0


async def test_a_download_that_breaks_off_goes_on(tmp_path: Path) -> None:
    """From the very byte, as often as it takes, in one command."""
    service = Service()
    service.breaks = [5000, 2000, 1]

    ended(await download(service, "-o", "why.tar.gz"))

    assert (tmp_path / "why.tar.gz").read_bytes() == HONEST
    assert service.ranges == ["", "bytes=5000-", "bytes=7000-", "bytes=7001-"]


async def test_a_command_goes_on_where_another_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there of the same bytes is kept; of others, nothing."""
    monkeypatch.setattr("bot.cli.rca.downloading.PAUSE", 0.0)
    service = Service()
    service.breaks = [3000, 0, 0, 0, 0, 0]
    said = ended(await download(service), 3)
    assert f"broke off after 3000 of {len(HONEST)} bytes" in said
    assert "goes on where it stopped" in said
    part = tmp_path / f"{NAME}.part"
    assert part.stat().st_size == 3000

    said = ended(await download(service))
    assert "Went on behind 3000 bytes." in said
    assert (tmp_path / NAME).read_bytes() == HONEST
    assert names_in(tmp_path) == [NAME]

    (tmp_path / NAME).unlink()
    part.write_bytes(b"something else")
    (tmp_path / f"{NAME}.part.etag").write_text('"another"')
    assert "Went on" not in ended(await download(service))
    assert (tmp_path / NAME).read_bytes() == HONEST


async def test_a_service_without_ranges_begins_anew(tmp_path: Path) -> None:
    """What was there is overwritten, not added to."""
    service = Service()
    service.takes_ranges = False
    service.breaks = [4000]

    ended(await download(service))
    assert (tmp_path / NAME).read_bytes() == HONEST


async def test_what_has_another_sum_is_put_aside(tmp_path: Path) -> None:
    """It never stands under the name of a bundle."""
    service = Service()
    service.data = HONEST[:-1] + b"x"

    said = ended(await download(service), 3)

    assert f"has SHA-256 {sha256(service.data)}" in said
    assert names_in(tmp_path) == [f"{NAME}.damaged"]


def test_a_name_from_the_service_is_no_path() -> None:
    """Only a bundle's own name is taken; else one is made of the run's."""
    assert PLAIN.fullmatch(NAME)
    for wrong in ("../x.tar.gz", "/etc/passwd", "rca-a.tar.gz/../../x", ".bashrc"):
        assert not PLAIN.fullmatch(wrong)


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (401, 2, "answered 401: No token."),
        (403, 2, "answered 403: No token."),
        (404, 2, "answered 404: No token."),
        (409, 3, "cannot answer: 409"),
        (503, 3, "cannot answer: 503"),
        (302, 2, "answered 302"),
    ],
)
async def test_a_refusal_is_told_in_the_services_words(
    status: int, code: int, says: str
) -> None:
    """With its hint, and nothing in it that commands a terminal."""
    service = Service()
    service.refusal = web.json_response(
        {"detail": "No token.", "hint": "Make one.\x1b[2J"}, status=status
    )

    said = ended(await download(service), code)
    assert says in said
    assert "\x1b" not in said


async def test_what_is_no_nofx_is_said_to_be_none() -> None:
    """An answer of another shape, or of no end, is no bundle."""
    for body in (b"<html>", b"{}", b"x" * 2_000_000):
        service = Service()
        service.refusal = web.Response(body=body, status=200)
        assert "not answer as nofx does" in ended(await download(service), 3)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://nofx.example", "plain http would show tokens"),
        ("ftp://nofx.example", "not an http address"),
        ("https://a:b@nofx.example", "without a name, password"),
    ],
)
def test_a_token_goes_to_no_unsafe_address(url: str, says: str) -> None:
    """It is refused before anything is asked."""
    said = nofx("rca", "download", RUN, "--url", url)
    assert says in ended(said, 2)


def test_without_a_token_it_says_which_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The variable and the scope are named."""
    monkeypatch.delenv("NOFX_TOKEN")
    monkeypatch.setenv("NOFX_URL", "https://127.0.0.1:1")
    said = ended(nofx("rca", "download", RUN), 2)
    assert "NOFX_TOKEN is missing" in said
    assert "operate" in said


def test_a_service_that_is_not_there_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """It can help to try again later."""
    monkeypatch.setenv("NOFX_URL", "http://127.0.0.1:1")
    assert "cannot answer" in ended(nofx("rca", "download", RUN), 3)


def test_a_run_that_nobody_knows_is_named() -> None:
    """By the database at hand, as by a service."""
    assert "There is no run run_0." in ended(nofx("rca", "download", "run_0"), 2)


async def test_a_file_that_cannot_be_written_is_named() -> None:
    """Before anything is downloaded."""
    service = Service()
    said = ended(await download(service, "-o", "absent/why.tar.gz"), 2)
    assert "absent/why.tar.gz" in said
    assert service.ranges == []

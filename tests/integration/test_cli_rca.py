"""`nofx rca` as a woken operator types it: over a database, a service, a file."""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from typer.testing import Result

from bot.cli.rca.downloading import PLAIN
from bot.cli.rca.words import first_screen
from tests.fakes.bundles import NAME, RUN, SMALL, bundle, listed, sha256
from tests.fakes.cli import bare_cli, nofx
from tests.fakes.road import open_road

# What no packer makes smaller, so that there is something to cut.
TIGHT = b"".join(hashlib.sha256(bytes([at])).digest() for at in range(250))
HONEST = bundle({**SMALL, "logs/tight.bin": TIGHT})
ETAG = f'"{sha256(HONEST)}"'
REPORT = """# Run `run_1`

**It failed.**

## Probable cause

`disk_full` (certain): the disk was full\x1b[2J.

## Next

Make room.

## Other causes

- something else
"""


@pytest.fixture(autouse=True)
def address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mongodb_url: str
) -> Iterator[str]:
    """Point the settings to a database of the test's own, in an empty folder."""
    with bare_cli(monkeypatch, tmp_path, mongodb_url) as url:
        monkeypatch.setenv("NOFX_TOKEN", "a token")
        yield url


class Service:
    """A service that hands out one bundle, as badly as it is told to."""

    def __init__(self) -> None:
        self.data = HONEST
        self.told = HONEST
        self.breaks: list[int] = []
        self.busy = 0
        self.refusal: web.Response | None = None
        self.ranges: list[str] = []
        self.tokens: set[str] = set()
        self.takes_ranges = True

    async def make(self, request: web.Request) -> web.Response:
        """Answer POST: made, being made, or refused."""
        self.tokens.add(request.headers["Authorization"])
        if self.refusal is not None:
            return self.refusal
        if self.busy:
            self.busy -= 1
            return web.json_response(
                {"state": "building"}, status=202, headers={"Retry-After": "0"}
            )
        made = {
            "run_id": RUN,
            "seq": 9,
            "name": NAME,
            "size": len(self.told),
            "sha256": sha256(self.told),
            "members": 9,
        }
        return web.json_response(made, status=201, headers={"ETag": ETAG})

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Answer GET, from where it is asked, until it is to break."""
        asked = request.headers.get("Range", "")
        self.ranges.append(asked)
        assert request.query["seq"] == "9"
        start = 0
        if asked and self.takes_ranges and request.headers["If-Range"] == ETAG:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        response = web.StreamResponse(status=206 if start else 200)
        response.content_length = len(self.data) - start
        if start:
            last = len(self.data) - 1
            response.headers["Content-Range"] = f"bytes {start}-{last}/{last + 1}"
        await response.prepare(request)
        upto = self.breaks.pop(0) if self.breaks else len(self.data)
        await response.write(self.data[start : start + upto])
        if start + upto < len(self.data):
            assert request.transport is not None
            request.transport.close()
        return response


@asynccontextmanager
async def serving(service: Service) -> AsyncIterator[str]:
    """Serve on a port of its own; gives the address."""
    app = web.Application()
    app.router.add_post("/runs/{run_id}/rca", service.make)
    app.router.add_get("/runs/{run_id}/rca", service.send)
    async with TestServer(app, host="127.0.0.1") as server:
        yield str(server.make_url("")).rstrip("/")


async def download(service: Service, *more: str) -> Result:
    """Download from a service, as a process of its own would."""
    async with serving(service) as url:
        arguments = ("rca", "download", RUN, "--url", url, *more)
        return await asyncio.to_thread(nofx, *arguments)


def ended(result: Result, code: int = 0) -> str:
    """Return what a command printed, which ended in a code."""
    assert result.exit_code == code, result.output
    return result.output


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


def test_a_file_is_shown_from_its_report(tmp_path: Path) -> None:
    """The first screen, the members, one of them, and what machines read."""
    file = tmp_path / "why.tar.gz"
    file.write_bytes(bundle({**SMALL, "00-REPORT.md": REPORT.encode()}))

    shown = ended(nofx("rca", "show", str(file)))
    assert "Make room." in shown
    assert "Other causes" not in shown
    assert "--member 00-REPORT.md" in shown
    assert "\x1b" not in shown
    assert "full\\x1b[2J." in shown
    members = ended(nofx("rca", "show", str(file), "--list"))
    assert re.search(r"logs/merged\.ndjson +840 +hand", members)
    log = ended(nofx("rca", "show", str(file), "--member", "logs/merged.ndjson"))
    assert log.encode() == SMALL["logs/merged.ndjson"]
    facts = json.loads(ended(nofx("rca", "show", str(file), "--json")))
    assert facts["cause"]["name"] == "github_invalid"
    assert "has no x" in ended(nofx("rca", "show", str(file), "--member", "x"), 2)
    said = ended(nofx("rca", "show", str(file), "--list", "--json"), 2)
    assert "three ways" in said


def test_a_report_without_its_sections_is_shown_whole() -> None:
    """Nothing is cut where nobody knows where."""
    assert first_screen("# A\n\ntext\n") == "# A\n\ntext\n"
    assert first_screen("# A\n\n## Next\n\ndo\n") == "# A\n\n## Next\n\ndo\n"


@pytest.mark.parametrize("command", ["show", "verify", "replay", "diff"])
def test_no_command_believes_a_file_that_lies(tmp_path: Path, command: str) -> None:
    """Whatever is asked of it, it is refused with the member named."""
    file, other = tmp_path / "a.tar.gz", tmp_path / "b.tar.gz"
    other.write_bytes(HONEST)
    more = (str(other),) if command == "diff" else ()
    for data, says in (
        (HONEST[:-9], "is refused at its end"),
        (b"hello", "is no bundle: it is no gzip file"),
        (b"", "it is empty"),
    ):
        file.write_bytes(data)
        assert says in ended(nofx("rca", command, str(file), *more), 2)
    assert "is no bundle" in ended(nofx("rca", command, "absent", *more), 2)


def test_a_bundle_without_a_run_in_it_is_named(tmp_path: Path) -> None:
    """A bundle may hold, and lack what a replay needs."""
    file = tmp_path / "a.tar.gz"
    members = {name: data for name, data in SMALL.items() if "events" not in name}
    file.write_bytes(bundle(members))
    assert len(listed(members)) == len(members) + 2

    assert "has no events/events" in ended(nofx("rca", "replay", str(file)), 2)
    said = ended(nofx("rca", "verify", str(file)), 0)
    assert "there is no events/events.ndjson" in said


async def test_from_the_database_it_is_the_same_bundle(
    tmp_path: Path, mongodb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nofx runs, it needs no address and no token; the audit has who took it."""
    place = tmp_path / "road"
    place.mkdir()
    async with open_road(place, mongodb_url, "cli_rca") as road:
        await road.open_pull()
        (run,) = await road.until_runs_end()
        url = road.settings.mongodb_url
        assert url is not None
        monkeypatch.setenv("MONGODB_URL", url.get_secret_value())
        monkeypatch.setattr("getpass.getuser", lambda: "ada")

        said = await asyncio.to_thread(nofx, "rca", "download", run["_id"])
        shown = await asyncio.to_thread(nofx, "rca", "show", run["_id"])
        audit = await asyncio.to_thread(nofx, "audit", "list", "--json")

    name = ended(said).splitlines()[-1]
    assert name.startswith(f"rca-{run['_id']}-")
    assert (tmp_path / name).is_file()
    assert "## Probable cause" in ended(shown)
    acts = {
        (one["actor"], one["action"]) for one in json.loads(audit.stdout)["entries"]
    }
    assert ("cli:ada", "bundle.download") in acts

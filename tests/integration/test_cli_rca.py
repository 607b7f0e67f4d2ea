"""`nofx rca` as a woken operator types it: over a database, a service, a file."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli.rca.words import first_screen
from tests.fakes.bundle_service import HONEST, ended
from tests.fakes.bundles import SMALL, bundle, listed
from tests.fakes.cli import bare_cli, nofx
from tests.fakes.road import open_road

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
    # What is printed can be run: the file that was shown is gone.
    assert f"nofx rca show {run['_id']} --member 00-REPORT.md" in ended(shown)
    acts = {
        (one["actor"], one["action"]) for one in json.loads(audit.stdout)["entries"]
    }
    assert ("cli:ada", "bundle.download") in acts

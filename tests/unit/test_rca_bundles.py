"""The story of a night: a run fails, and why it did is carried away, read and proved.

All is real but GitHub, which refuses: the webhook, the database, the worker, the bundle
that nobody asked for, HTTP over a connection that breaks, the command line, and the
system's own `tar` and `sha256sum`.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from typer.testing import Result

from bot.bundling import bundler_on
from bot.settings import environment
from core.access.tokens import Scope
from tests.fakes.bundles import members_in, reworked, sha256
from tests.fakes.canaries import Canaries, seen
from tests.fakes.cli import nofx
from tests.fakes.cutting import Cutting, cutting
from tests.fakes.road import CLEAN, REPO, RISKY, Road, built_road, driving
from tests.fakes.taken import bundle_of

ROOT = Path(__file__).parents[2]
CUT_AT = 9000
CLEAN_PUSH = {"names.py": CLEAN}


@dataclass
class Night:
    """Who is woken, with a token, a laptop's folder and a connection that breaks."""

    road: Road
    folder: Path
    way: Cutting
    canaries: Canaries
    green: str = ""
    failed: str = ""
    file: Path = field(default_factory=Path)

    def nofx(self, *arguments: str, code: int = 0) -> str:
        """Run a command that asks nobody; returns what it prints."""
        ended: Result = nofx(*arguments)
        assert ended.exit_code == code, ended.output
        return ended.output

    async def program(self, *command: str | Path) -> tuple[int, str]:
        """Run a program in the folder; returns its exit code and what it printed."""
        started = await asyncio.create_subprocess_exec(
            *map(str, command),
            cwd=self.folder,
            env={**environment(), "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await started.communicate()
        return started.returncode or 0, said.decode()


@pytest.fixture
async def night(
    tmp_path: Path, mongodb_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Night]:
    """Give a bot at work, and somebody on call."""
    folder = tmp_path / "laptop"
    folder.mkdir()
    async with built_road(tmp_path, mongodb_url, "rca_bundles") as road, driving(road):
        assert road.bot is not None
        issued = await road.bot.base.tokens.create([Scope.OPERATE])
        monkeypatch.setenv("NOFX_TOKEN", issued.secret)
        place = urlsplit(road.bot.url)
        assert place.hostname is not None
        assert place.port is not None
        broken = cutting(
            place.hostname, place.port, secret=None, cuts=iter([CUT_AT]), of=b"/rca"
        )
        own = road.settings.webhook_secrets[0].get_secret_value()
        async with broken as way:
            yield Night(road, folder, way, Canaries.made(own))


async def test_why_a_run_failed_is_carried_away_read_and_proved(night: Night) -> None:
    """From the webhook to the same verdict on a laptop without network."""
    await a_change_is_reviewed_and_all_is_well(night)
    await github_refuses_the_next_review(night)
    await the_bundle_was_made_without_being_asked_for(night)
    await it_is_downloaded_over_a_connection_that_breaks(night)
    await the_systems_own_programs_accept_it(night)
    the_report_says_the_cause_first(night)
    it_holds_and_comes_to_the_same_decisions(night)
    await another_build_is_the_same_bytes(night)
    no_secret_is_in_it(night)
    await two_runs_are_held_against_each_other(night)
    whatever_was_tampered_with_is_refused(night)


async def a_change_is_reviewed_and_all_is_well(night: Night) -> None:
    """Succeed at first; the text of the pull request has secrets in it, as happens."""
    road = night.road
    road.repository.commit(CLEAN_PUSH, "Say what it does", branch="feature")
    await road.github.open_pull(
        REPO, base="main", head="feature", body=night.canaries.text()
    )
    (run,) = await road.until_runs_end()
    assert (run["status"], run["conclusion"]) == ("succeeded", "success")
    night.green = str(run["_id"])


async def github_refuses_the_next_review(night: Night) -> None:
    """Push a risky line, whose comment GitHub does not take."""
    road = night.road
    road.github.faults.add(kind="422", method="POST", path="/reviews$", times=9)
    await road.push(1, {"app.py": RISKY})

    await road.until_quiet()
    run = (await road.until_runs_end())[-1]
    assert run["status"] == "failed"
    night.failed = str(run["_id"])


async def the_bundle_was_made_without_being_asked_for(night: Night) -> None:
    """Find it there before anybody is awake."""
    assert night.road.bot is not None
    bundles = night.road.bot.base.bundles
    async with asyncio.timeout(30):
        while True:
            made = await bundles.latest(night.failed)
            if made is not None:
                break
            await asyncio.sleep(0.05)
    assert made.cause == "github_invalid"
    assert not made.errors


async def it_is_downloaded_over_a_connection_that_breaks(night: Night) -> None:
    """One command; it goes on where it was cut, and checks the sum."""
    code, said = await night.program(
        *(sys.executable, "-m", "bot", "rca", "download", night.failed),
        *("--url", night.way.url),
    )

    assert code == 0, said
    assert night.way.cut_off == 1
    first, second = (one for one in night.way.asked if one.startswith(b"GET "))
    assert b"\r\nRange:" not in first
    assert f"\r\nRange: bytes={CUT_AT}-\r\n".encode() in second
    (night.file,) = night.folder.iterdir()
    assert night.file.name.startswith(f"rca-{night.failed}-")
    assert night.file.name.endswith("Z.tar.gz")
    assert f"SHA-256 {sha256(night.file.read_bytes())}" in said


async def the_systems_own_programs_accept_it(night: Night) -> None:
    """`tar` unpacks it, and `sha256sum` finds every sum to fit."""
    code, listed = await night.program("tar", "tf", night.file)
    assert code == 0, listed
    assert listed.split("\n")[0] == "00-REPORT.md"
    code, said = await night.program("tar", "xf", night.file)
    assert code == 0, said
    code, said = await night.program("sha256sum", "-c", "SHA256SUMS")
    assert code == 0, said
    assert said.count(": OK") == len(listed.split()) - 1


def the_report_says_the_cause_first(night: Night) -> None:
    """Outcome, cause with its evidence, what changed, what to do; then the rest."""
    shown = night.nofx("rca", "show", str(night.file))

    assert len(shown.splitlines()) <= 40
    wanted = [
        "The run failed",
        "## Probable cause",
        "`github_invalid` (certain): GitHub refused POST",
        "with 422",
        "bot/github/",
        f"## What changed since run `{night.green}`",
        "## Next",
        f"nofx runs rerun {night.failed}",
    ]
    at = 0
    for one in wanted:
        assert one in shown[at:], shown
        at = shown.index(one, at)
    page = (night.folder / "report.html").read_text()
    assert "Probable cause" in page
    assert "<script" not in page


def it_holds_and_comes_to_the_same_decisions(night: Night) -> None:
    """Every proof holds, and what was decided is decided again alike."""
    proofs = json.loads(night.nofx("rca", "verify", str(night.file), "--json"))
    assert [one["holds"] for one in proofs["proofs"]] == [True] * 6

    again = json.loads(night.nofx("rca", "replay", str(night.file), "--json"))
    assert again["same"]
    assert [one["name"] for one in again["answers"]] == ["moves", "outcome", "findings"]


async def another_build_is_the_same_bytes(night: Night) -> None:
    """Whoever builds it of the same run, and whenever."""
    bot = night.road.bot
    assert bot is not None
    async with bundler_on(bot.base, night.road.settings).build(night.failed) as built:
        assert built.path.read_bytes() == night.file.read_bytes()
        assert built.name == night.file.name


def no_secret_is_in_it(night: Night) -> None:
    """Not one of those that the pull request's text had in it, in any form."""
    needles = night.canaries.needles()
    data = night.file.read_bytes()
    leaks = {
        name: kinds
        for name, content in members_in(data).items()
        if (kinds := seen(content, needles))
    }
    assert leaks == {}
    assert b"[masked:" in b"".join(members_in(data).values())


async def two_runs_are_held_against_each_other(night: Night) -> None:
    """Come to the green verdict again, and see where the two runs part."""
    green = night.folder / "green.tar.gz"
    green.write_bytes(await bundle_of(night.road, night.green))

    again = json.loads(night.nofx("rca", "replay", str(green), "--json"))
    assert again["same"]
    assert (again["status"], again["conclusion"]) == ("succeeded", "success")
    assert [one["name"] for one in again["answers"]][-1] == "ruling"

    told = night.nofx("rca", "diff", str(green), str(night.file), code=1)
    assert "The first divergence, in snapshot:" in told
    assert "github_invalid" in told
    assert night.nofx("rca", "diff", str(green), str(green)).endswith("the same.\n")


def whatever_was_tampered_with_is_refused(night: Night) -> None:
    """Try a byte, a cut, and a better verdict with sums that fit."""
    data = night.file.read_bytes()
    half = len(data) // 2
    wrong = night.folder / "wrong.tar.gz"
    for made in (
        data[:half],
        data[:half] + bytes([data[half] ^ 1]) + data[half + 1 :],
        data + b"more",
    ):
        wrong.write_bytes(made)
        said = night.nofx("rca", "verify", str(wrong), code=2)
        assert "is refused at" in said

    def better(run: bytes) -> bytes:
        return run.replace(b'"failed"', b'"succeeded"')

    wrong.write_bytes(reworked(data, {"run/run.json": better}))
    said = night.nofx("rca", "verify", str(wrong), code=1)
    assert "does not hold" in said
    assert "run/run.json says succeeded" in said
    said = night.nofx("rca", "replay", str(wrong), code=1)
    assert "The first difference, in outcome" in said

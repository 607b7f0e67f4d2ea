"""The demo from one command to a printed review, on real git, HTTP and database."""

import asyncio
import logging
import re
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
import structlog
from typer.testing import CliRunner, Result
from typing_extensions import override

from bot.cli.app import app
from bot.demo import showcase, stage
from bot.demo.github import DemoGitHub
from bot.demo.wish import DemoWish
from bot.settings import environment, load_settings
from core.errors import DemoFailedError, EmptyChangeError
from tests.fakes.git_repository import GitRepository
from tests.fakes.waiting import eventually

ONCE = DemoWish(repo=None, base=None, head=None, once=True)
CLEAN = '"""Adds."""\n\n\ndef add(a: int, b: int) -> int:\n    """Add."""\n    return a'


@pytest.fixture(autouse=True)
def scratch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Start with no setting, in a folder that is no repository; give where files go."""
    for name in environment():
        if name.startswith("NOFX_") or name in ("MONGODB_URL", "PORT"):
            monkeypatch.delenv(name)
    (tmp_path / "here").mkdir()
    (tmp_path / "scratch").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield tmp_path / "scratch"
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def clean_repository(tmp_path: Path) -> GitRepository:
    """Give a repository whose last commit leaves nothing to remark on."""
    made = GitRepository(tmp_path / "Grandma's sums")
    made.commit({"sums.py": CLEAN + "\n"}, "Add wrongly")
    made.commit({"sums.py": CLEAN + " + b\n"}, "Add rightly")
    return made


def left(folder: Path) -> list[Path]:
    """Return what the demo left behind."""
    return list(folder.iterdir())


def nofx_demo(*arguments: str) -> Result:
    """Run the command to its end."""
    return CliRunner().invoke(app, ["demo", "--once", *arguments])


def test_without_a_repository_it_shows_a_change_with_something_to_find(
    scratch: Path,
) -> None:
    """Comments under their code, the check, the summary; nothing is left behind."""
    shown = nofx_demo()
    assert shown.exit_code == 0, shown.output
    assert "Signed webhook pull_request.opened: 202" in shown.stdout
    for step in ("snapshot", "analyze", "review", "verify", "publish"):
        assert f"  {step} succeeded" in shown.stdout
    assert "  verdict held the gate static_analysis holds it up" in shown.stdout
    for line, rule in (
        ("subprocess.run(", "ruff:S602"),
        ("yaml.load(", "ruff:S506"),
        ("github.event.pull_request.title", "zizmor:template-injection"),
        (showcase.TOKEN, "secret:nofx.github-installation-token"),
    ):
        assert re.search(rf"\| \+.*{re.escape(line)}[\s\S]*{rule}", shown.stdout), rule
    assert "shop/orders.py:" not in shown.stdout
    assert "Check run: nofx review" in shown.stdout
    assert "failure  Rules only" in shown.stdout
    assert "Comment by nofx[bot]" in shown.stdout
    assert "Where to look next:" in shown.stdout
    assert "\x1b" not in shown.output
    assert shown.stderr == ""
    assert left(scratch) == []


def test_named_commits_are_the_only_ones_shown(clean_repository: GitRepository) -> None:
    """A change without fault is praised by silence and a check."""
    folder = str(clean_repository.path)
    shown = nofx_demo("--repo", folder, "--base", "main~1", "--head", "main")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.count("Pull request #") == 1
    assert "Add rightly" in shown.stdout
    assert "/octo/Grandma-s-sums/pull/1" in shown.stdout
    assert "No line comments" in shown.stdout
    assert "success  Rules only" in shown.stdout
    assert f"review --dry-run --repo '{folder[:-15]}" in shown.stdout


def test_last_commits_come_first_and_a_faulty_change_follows_a_faultless_one(
    clean_repository: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who stands in a repository sees its own commits, and then what a remark is."""
    monkeypatch.chdir(clean_repository.path)
    shown = nofx_demo()
    assert shown.exit_code == 0, shown.output
    own, made = shown.stdout.index("Add rightly"), shown.stdout.index(showcase.TITLE)
    assert own < shown.stdout.index("There was nothing to remark on") < made
    assert "ruff:S602" in shown.stdout


def test_last_commits_with_remarks_are_enough(
    clean_repository: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing made up follows where the real change has comments of its own."""
    clean_repository.commit({"run.py": "assert eval(input())\n"}, "Ask")
    monkeypatch.chdir(clean_repository.path)
    shown = nofx_demo()
    assert shown.exit_code == 0, shown.output
    assert "ruff:S307" in shown.stdout
    assert shown.stdout.count("Pull request #") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--repo", "nowhere"), "There is no usable git repository at nowhere"),
        (("--base", "main"), "There is no usable git repository at ."),
        (("--repo", "../Grandma's sums", "--base", "x"), "'x' names no commit"),
        (("--repo", "../Grandma's sums", "--head", "y"), "'y' names no commit"),
        (("--repo", "../Grandma's sums", "--head", "main~1"), "'main~1~1' names no"),
        (("--repo", "../Grandma's sums", "--base", "main"), "There is no change"),
    ],
)
@pytest.mark.usefixtures("clean_repository")
def test_what_cannot_be_shown_is_said_in_one_sentence(
    arguments: tuple[str, ...], sentence: str, scratch: Path
) -> None:
    """Exit code 2, a way out, no trace, and nothing was started or left."""
    shown = nofx_demo(*arguments)
    assert shown.exit_code == 2
    assert shown.stdout == ""
    error, way_out = shown.stderr.splitlines()
    assert sentence in error
    assert way_out
    assert left(scratch) == []


async def statuses(said: str) -> list[str]:
    """Ask the API for its runs, as the demo says how; return their states."""
    listing = re.search(r"curl -H '(\w+): (.+)' (http\S+/runs)", said)
    assert listing is not None
    header, secret, runs = listing.groups()
    async with (
        aiohttp.ClientSession() as visitor,
        visitor.get(runs, headers={header: secret}) as listed,
    ):
        return [one["status"] for one in (await listed.json())["runs"]]


async def events(said: str) -> str:
    """Ask a command for the last events, as the demo says how; return its lines."""
    told = re.search(r"(MONGODB_URL)='(\S+)' \S+ events tail -f", said)
    assert told is not None
    given = ("env", "=".join(told.groups()), sys.executable, "-m", "bot")
    process = await asyncio.create_subprocess_exec(
        *given, "events", "tail", stdout=asyncio.subprocess.PIPE
    )
    shown, _ = await process.communicate()
    assert process.returncode == 0
    return shown.decode()


async def test_it_stays_up_answers_and_ends_cleanly(
    capsys: pytest.CaptureFixture[str],
    scratch: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A visitor reads the page, asks for another review, and then ends the demo."""
    # Somebody's real settings are in the environment; the demo must not touch them.
    monkeypatch.setenv("MONGODB_URL", "mongodb://db.invalid/real")
    monkeypatch.setenv("NOFX_GITHUB_URL", "https://github.invalid/api/v3")
    wish = DemoWish(repo=None, base=None, head=None, once=False)
    running = asyncio.create_task(stage.run(load_settings(None), wish))
    said = ""

    def says(text: str, times: int = 1) -> bool:
        nonlocal said
        assert not running.done() or running.exception() is None
        said += capsys.readouterr().out
        return said.count(text) >= times

    await eventually(lambda: says("Ctrl-C ends the demo"))
    (words, page), _ = re.findall(r"curl -d '(.+)' (http\S+)", said)
    assert await statuses(said)
    assert "example/shop#1" in await events(said)
    async with aiohttp.ClientSession() as visitor:
        async with visitor.get(page) as shown:
            assert "ruff:S602" in await shown.text()
        async with visitor.get(f"{page}9") as missing:
            assert missing.status == 404
        async with visitor.post(page, data="  ") as empty:
            assert empty.status == 422
        async with visitor.post(page, data=words) as accepted:
            assert accepted.status == 201
    await eventually(lambda: says("Check run: nofx review", times=2))
    await eventually(lambda: says("/nofx rerun", times=2))
    await eventually(lambda: says("is queued as run"))
    assert said.count("ruff:S602") == 1
    signal.raise_signal(signal.SIGTERM)
    await running
    assert left(scratch) == []


async def test_when_it_fails_the_log_is_kept_and_named(
    monkeypatch: pytest.MonkeyPatch, scratch: Path
) -> None:
    """What went wrong can be read afterwards; everything else is gone."""
    monkeypatch.setattr("bot.demo.audience.RUN_ENDS_WITHIN", 0.0)
    with pytest.raises(DemoFailedError, match="did not end within 0") as failed:
        await stage.run(load_settings(None), ONCE)
    (log,) = left(scratch)
    assert str(log) in failed.value.way_out
    assert "pull_request" in log.read_text()


class Forbidding(DemoGitHub):
    """A GitHub at which the bot may post no review."""

    @override
    async def start(self) -> None:
        await super().start()
        self.faults.add(method="POST", path=r"/reviews$", kind="403", times=99)


class Misled(DemoGitHub):
    """A GitHub that was told a wrong address for webhooks."""

    @override
    def set_webhook_url(self, url: str, *, slug: str = "nofx") -> None:
        super().set_webhook_url(f"{url}/elsewhere", slug=slug)


@pytest.mark.parametrize(
    ("github", "reason"),
    [(Forbidding, "Resource not accessible"), (Misled, "answered with 404")],
)
async def test_a_review_that_fails_ends_the_demo_with_its_reason(
    github: type[DemoGitHub], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No demo pretends that all went well."""
    monkeypatch.setattr(stage, "DemoGitHub", github)
    with pytest.raises(DemoFailedError, match=reason):
        await stage.run(load_settings(None), ONCE)


async def test_a_commit_that_changes_nothing_is_no_change_to_show(
    tmp_path: Path,
) -> None:
    """What was asked for is refused, not replaced by something else."""
    made = GitRepository(tmp_path / "empty")
    made.commit({"a": "1\n"})
    made.commit({}, "Nothing at all")
    wish = DemoWish(repo=made.path, base="main~1", head="main", once=True)
    with pytest.raises(EmptyChangeError):
        await stage.run(load_settings(None), wish)


def test_the_planted_secret_stands_in_no_file_of_ours() -> None:
    """Otherwise our own repository would be reported for it."""
    assert showcase.TOKEN in showcase.AFTER["shop/upload.py"]
    assert showcase.TOKEN not in Path(str(showcase.__file__)).read_text()

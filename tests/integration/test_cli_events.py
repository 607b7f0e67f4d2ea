"""`nofx events` on a real database: what happened, in lines that a person can read."""

import asyncio
import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from bot.schema import SCHEMA
from bot.settings import environment
from core.clock import Ids, SystemClock
from core.events.commit import Draft
from core.events.journal import Journal
from core.events.schema import RunSuperseded
from core.feed.round import Pace, Round
from core.store.database import connect
from core.store.migrate import migrate
from tests.fakes.cli import bare_cli, nofx
from tests.fakes.histories import history

CLOCK = SystemClock()
HOSTILE = "\x1b[31mred\x07\u202e needle\nnext " + "long " * 50


@pytest.fixture(autouse=True)
def address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mongodb_url: str
) -> Iterator[str]:
    """Point the settings to a database of the test's own, and give its address."""
    with bare_cli(monkeypatch, tmp_path, mongodb_url) as url:
        yield url


def happen(address: str, *, commits: int = 20, say: str = HOSTILE) -> None:
    """Let things happen in the journal, of which the last says something, and feed."""

    async def happening() -> None:
        database = connect(address, embedded=True)
        await migrate(database, SCHEMA)
        journal = Journal(database, clock=CLOCK, ids=Ids(CLOCK))
        rng = random.Random(1)  # noqa: S311 # a history from a number
        if commits:
            await history([journal], CLOCK, rng, commits)
        event = RunSuperseded(by_run=say, head_sha="a" * 40)
        stream = f"pull/octo/hello#{len(say)}"
        await journal.append(
            Draft(stream=stream, seq=1, time=CLOCK.now(), events=(event,))
        )
        await journal.close()
        while await Round(database, clock=CLOCK, pace=Pace()).run():
            continue
        await database.close()

    asyncio.run(happening())


def documents(*arguments: str) -> list[dict[str, Any]]:
    """Return what a command prints for machines."""
    ended = nofx("events", *arguments, "--json")
    assert ended.exit_code == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_a_replay_prints_all_from_the_beginning(address: str) -> None:
    """Each once, oldest first; filters and positions narrow."""
    happen(address)
    whole = documents("replay")
    assert [one["position"] for one in whole] == list(range(1, len(whole) + 1))
    assert documents("replay", "--after", "5") == whole[5:]
    pull = ("--repo", "octo/hello", "--pull", str(len(HOSTILE)))
    (found,) = documents("replay", *pull, "--since", "1h", "--type", "run.*")
    assert found["subject"] == f"octo/hello#{len(HOSTILE)}"
    assert documents("replay", "--until", "2000-01-01T00:00:00Z") == []
    assert documents("tail", "-n", "3") == whole[-3:]


def test_a_line_is_short_and_commands_no_terminal(address: str) -> None:
    """When, where, what, about whom; what is hidden is spelled out."""
    happen(address, commits=2)
    ended = nofx("events", "search", "NEEDLE", "next")
    (line,) = ended.stdout.splitlines()
    assert "run.superseded" in line
    assert f"octo/hello#{len(HOSTILE)}" in line
    assert "by_run=\\x1b[31mred" in line
    assert line.split()[1].endswith("Z")
    assert not {"\x1b", "\x07", "\u202e"} & set(line)
    assert len(line) < 250
    ended = nofx("events", "search", "needle", "--type", "step.*")
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == "No event has all of these words.\n"


@pytest.mark.parametrize(
    "wrong",
    [
        ("search", "?!"),
        ("search", "a " * 5000),
        ("replay", "--type", "run.flown"),
        ("replay", "--since", "yesterday"),
        ("tail", "--pull", "7"),
        ("tail", "--run", "7"),
        ("trim", "--older-than", "old"),
        ("trim",),
    ],
)
def test_what_does_not_fit_is_refused_with_a_way_out(wrong: tuple[str, ...]) -> None:
    """Without the database being opened."""
    ended = nofx("events", *wrong)
    assert ended.exit_code == 2
    assert ended.stderr.startswith("Error: ")
    assert len(ended.stderr.splitlines()) == 2


def test_an_option_that_does_not_fit_is_named_as_it_was_given() -> None:
    """Nobody at a terminal knows what the API calls it."""
    assert nofx("events", "tail", "--run", "7").stderr.startswith("Error: --run does ")
    assert nofx("events", "search", "?").stderr.startswith("Error: WORDS does not fit:")
    ended = nofx("events", "replay", "--type", "run.flown")
    assert ended.stderr.startswith(
        "Error: --type does not fit: there is no type run.flown.\n"
    )


@pytest.mark.parametrize("command", ["tail", "replay"])
def test_nothing_to_show_is_said(address: str, command: str) -> None:
    """An answer that is empty looks like one that is broken; machines know better."""
    happen(address, commits=1)
    nothing = ("events", command, "--type", "step.*")
    ended = nofx(*nothing)
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == "There is no event that fits.\n"
    assert nofx(*nothing, "--json").stderr == ""


def test_a_feed_that_differs_is_named_and_ends_in_1(address: str) -> None:
    """Scripts rely on the code, people on the sentence."""
    happen(address)
    whole = nofx("events", "verify")
    assert whole.exit_code == 0, whole.stdout
    assert whole.stdout.startswith("The feed is the journal's: ")
    client: MongoClient[dict[str, Any]] = MongoClient(address)
    with client:
        pages = client.get_default_database()["feed"]
        change = {"$set": {"entries.3.data.by_run": "somebody"}}
        pages.update_one({"_id": 1}, change)
    broken = nofx("events", "verify")
    assert broken.exit_code == 1
    assert "position 4, " in broken.stdout
    said = json.loads(nofx("events", "verify", "--json").stdout)
    assert (said["intact"], said["oldest"]) == (False, 1)


def test_old_events_are_counted_and_then_trimmed(address: str) -> None:
    """The last page stays, and so does everything in the journal."""
    happen(address)
    happen(address, commits=0, say="later")
    total = len(documents("replay"))
    would = nofx("events", "trim", "--older-than", "0m", "--dry-run")
    assert would.exit_code == 0, would.stderr
    assert " would go. Position " in would.stdout
    assert len(documents("replay")) == total
    done = json.loads(nofx("events", "trim", "--older-than", "0m", "--json").stdout)
    left = documents("replay")
    assert done["events"] == total - len(left) > 0
    assert done["oldest"] == left[0]["position"]
    assert nofx("events", "replay", "--after", "2").exit_code == 2
    assert nofx("events", "verify").exit_code == 0
    nothing = nofx("events", "trim", "--older-than", "9w")
    assert nothing.stdout.startswith("0 events in 0 pages deleted.")


def test_more_than_a_page_is_read_on(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are asked for."""
    happen(address)
    whole = documents("replay")
    monkeypatch.setattr("bot.cli.events.reading.PAGE", 5)
    assert documents("replay") == whole
    assert documents("tail", "-n", "13") == whole[-13:]


def test_the_retention_is_the_settings_unless_it_is_said(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day is longer than this test."""
    happen(address)
    happen(address, commits=0, say="later")
    monkeypatch.setenv("NOFX_EVENT_RETENTION", "1")
    kept = nofx("events", "trim")
    assert kept.exit_code == 0, kept.stderr
    assert kept.stdout.startswith("0 events in 0 pages deleted. Position 1 stays: it")


@contextmanager
def killed_at_the_end(process: "subprocess.Popen[str]") -> Iterator[None]:
    """Let a process not outlive a test that fails."""
    try:
        yield
    finally:
        process.kill()


def test_a_tail_follows_until_it_is_interrupted(address: str) -> None:
    """What happens later comes by itself; Ctrl-C ends it without a trace."""
    happen(address, commits=2)
    arguments = [sys.executable, "-m", "bot", "events", "tail", "-f", "-n1", "--json"]
    following = subprocess.Popen(  # noqa: S603 # our own program
        arguments,
        cwd=Path(__file__).parents[2],
        env={**environment(), "MONGODB_URL": address},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with following, killed_at_the_end(following):
        assert following.stdout is not None
        assert following.stderr is not None
        last = json.loads(following.stdout.readline())
        assert last["type"] == "writer.retired"
        happen(address, commits=0, say="news")
        told = json.loads(following.stdout.readline())
        assert told["position"] == last["position"] + 1
        assert told["data"]["by_run"] == "news"
        following.send_signal(signal.SIGINT)
        assert following.wait(30) == 130
        assert "Traceback" not in following.stderr.read()

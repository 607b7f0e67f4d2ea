"""`nofx diff` on a real database: two checkpoints, two runs, and its exit codes."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jsonpatch
import pytest

from bot.cli import diff_words
from bot.schema import SCHEMA
from core.checkpoints.diff.comparison import Comparison
from core.events.base import JSON
from core.runs.compared_with import PARENT
from core.runs.comparing import Comparing
from core.runs.gates import Check
from core.runs.lister import RunLister
from core.store.blobs import Blobs
from core.store.database import connect
from core.store.migrate import migrate
from tests.fakes.acts import leaving
from tests.fakes.cli import bare_cli, nofx
from tests.fakes.stage import ScriptedPipeline, Stage
from tests.unit.test_cli_commands import Terminal

UNKNOWN_RUN = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"
UNKNOWN = "cp_01hxqg5t0kc8f2v7w3m9b4n6ry"
FINE = Check(gate="g", outcome="pass", conclusion="success", reason="fine")


class Machine:
    """Runs that leave what they are told to, on the command line's database."""

    def __init__(self, url: str) -> None:
        self._url = url

    def done(self, *states: JSON, **subject: Any) -> str:
        """Let a run end whose steps leave these states; returns its id."""
        return asyncio.run(self._done(states, subject))

    def compared(self, run_id: str, checkpoint_id: str) -> Comparison:
        """Return the comparison with the parent as a value."""
        return asyncio.run(self._compared(run_id, checkpoint_id))

    async def _done(self, states: tuple[JSON, ...], subject: dict[str, Any]) -> str:
        async with self._stage() as stage:
            for name, state in zip(stage.pipeline.by_name, states, strict=True):
                stage.pipeline.script(name, leaving(**state))
            stage.pipeline.by_name["think"].checks = (FINE,)
            run_id = await stage.ask(**subject)
            await stage.worker().work_on(run_id)
            return run_id

    async def _compared(self, run_id: str, checkpoint_id: str) -> Comparison:
        async with self._stage() as stage:
            lister = RunLister(stage.database, clock=stage.runs.clock)
            blobs = Blobs(stage.database)
            comparing = Comparing(stage.runs, blobs, lister, {})
            return await comparing.against(run_id, checkpoint_id, PARENT)

    @asynccontextmanager
    async def _stage(self) -> AsyncIterator[Stage]:
        database = connect(self._url, embedded=True)
        try:
            await migrate(database, SCHEMA)
            stage = Stage(database, ScriptedPipeline("read", "think"))
            yield stage
            await stage.runs.close()
        finally:
            await database.close()


@pytest.fixture
def machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mongodb_url: str
) -> Iterator[Machine]:
    """Give a machine on whose database the command line works as well."""
    with bare_cli(monkeypatch, tmp_path, mongodb_url) as url:
        yield Machine(url)


def behind(run_id: str, step: str = "think") -> str:
    """Return the checkpoint behind a step."""
    listed = json.loads(nofx("runs", "checkpoints", run_id, "--json").stdout)
    return next(
        str(one["checkpoint_id"])
        for one in listed["checkpoints"]
        if (one["kind"], one["step"]) == ("after", step)
    )


def test_a_difference_is_told_in_words(machine: Machine) -> None:
    """In a pipe without a colour; exit code 1, as diff has it."""
    run_id = machine.done(
        {"title": "a", "words": "one\ntwo\n", "gone": 1},
        {"title": "b\x1b[31m", "words": "one\n2\n", "new": [1]},
    )
    shown = nofx("diff", run_id, behind(run_id))
    assert shown.exit_code == 1, shown.output
    assert '~ /title: "a" -> "b\\u001b[31m"\n' in shown.stdout
    assert (
        "~ /words:\n    @@ -1,2 +1,2 @@\n     one\n    -two\n    +2\n" in shown.stdout
    )
    assert "+ /new: [1]\n" in shown.stdout
    assert "2 changed, 1 added.\n" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_a_terminal_gets_colours(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came is green, and what is in a state colours nothing itself."""
    run_id = machine.done({}, {"new": "\x1b[35m"})
    found = machine.compared(run_id, behind(run_id))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stdout", Terminal())
    shown = diff_words.checkpoints(found, noise=False)
    assert '\x1b[32m+ /new: "\\u001b[35m"\x1b[0m' in shown
    assert "\x1b[35m" not in shown


def test_the_same_ends_with_0(machine: Machine) -> None:
    """Nothing differs, and that is said."""
    run_id = machine.done({"a": 1}, {"a": 1})
    shown = nofx("diff", run_id, behind(run_id))
    assert (shown.exit_code, "Nothing differs.\n" in shown.stdout) == (0, True)


def test_noise_counts_if_it_is_wanted(machine: Machine) -> None:
    """A time that was taken is hidden, unless `--noise` asks for it."""
    usage = {"model": "rules", "wall_seconds": 1.5}
    run_id = machine.done({"usage": usage}, {"usage": {**usage, "wall_seconds": 2.5}})
    quiet = nofx("diff", run_id, behind(run_id))
    assert quiet.exit_code == 0, quiet.output
    assert "Nothing but noise differs" in quiet.stdout
    assert "wall_seconds" not in quiet.stdout
    loud = nofx("diff", run_id, behind(run_id), "--noise")
    assert loud.exit_code == 1
    assert "~ /usage/wall_seconds: 1.5 -> 2.5\n" in loud.stdout


def test_each_form_is_what_the_api_answers(machine: Machine) -> None:
    """JSON, a patch that leads from the one to the other, Markdown, a page."""
    run_id = machine.done({"a": 1}, {"a": 2})
    name = behind(run_id)

    def told(form: str) -> str:
        shown = nofx("diff", run_id, name, "--format", form)
        assert shown.exit_code == 1, shown.output
        return shown.stdout

    answer = json.loads(told("json"))
    assert answer["counts"]["changed"] == 1
    assert jsonpatch.apply_patch({"a": 1}, json.loads(told("patch"))) == {"a": 2}
    assert told("markdown").startswith("# What changed between two checkpoints\n")
    assert told("html").startswith("<!doctype html>")


def test_against_names_the_other_side(machine: Machine) -> None:
    """The last green run, or a checkpoint of another run."""
    green = machine.done({"a": 1}, {"b": 1})
    run_id = machine.done({"a": 2}, {"b": 1}, head="b")
    name = behind(run_id)
    for against in ("last_green", f"{green}:{behind(green)}"):
        shown = nofx("diff", run_id, name, "--against", against)
        assert shown.exit_code == 1, shown.output
        assert green in shown.stdout
        assert "~ /a: 1 -> 2\n" in shown.stdout


def test_two_runs_are_compared_step_by_step(machine: Machine) -> None:
    """Each step in a line, and the first divergence in full."""
    one = machine.done({"a": 1}, {"b": 1})
    other = machine.done({"a": 1}, {"b": 2}, head="b")
    shown = nofx("diff", one, other)
    assert shown.exit_code == 1, shown.output
    lines = [line.split(maxsplit=1) for line in shown.stdout.splitlines()]
    assert ["read", "the same"] in lines
    assert ["think", "differs, 1 change"] in lines
    assert "The first divergence:\n" in shown.stdout
    assert "~ /b: 1 -> 2\n" in shown.stdout
    alike = nofx("diff", one, one)
    assert alike.exit_code == 0, alike.output
    assert "divergence" not in alike.stdout
    told = json.loads(nofx("diff", one, other, "--format", "json").stdout)
    assert [step["status"] for step in told["steps"]] == ["same", "differs"]


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    "arguments",
    [
        (UNKNOWN_RUN, UNKNOWN),
        (UNKNOWN_RUN, UNKNOWN_RUN),
        (UNKNOWN_RUN, "yesterday"),
        (UNKNOWN_RUN, UNKNOWN_RUN, "--against", "last_green"),
        (UNKNOWN_RUN, UNKNOWN_RUN, "--format", "patch"),
        (UNKNOWN_RUN, UNKNOWN, "--format", "pdf"),
    ],
)
def test_what_cannot_be_compared_ends_with_2(arguments: tuple[str, ...]) -> None:
    """One clear message, no trace, nothing on standard output."""
    shown = nofx("diff", *arguments)
    assert shown.exit_code == 2, shown.output
    assert shown.stdout == ""
    assert "Traceback" not in shown.stderr

"""`nofx runs` on a real database, without the API: look, act, branch, merge, prove."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.schema import SCHEMA
from core.events.base import JSON
from core.runs.gates import Check
from core.runs.pipeline import StepContext
from core.runs.states import MACHINES, mermaid
from core.store.database import connect
from core.store.migrate import migrate
from tests.fakes.cli import bare_cli, nofx
from tests.fakes.stage import ScriptedPipeline, Stage

UNKNOWN = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"
FAILED = Check(
    gate="static_analysis", outcome="fail", conclusion="failure", reason="one error"
)


class Machine:
    """Runs and a worker beside the command line; each call stands for itself."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.checks: tuple[Check, ...] = ()

    def ask(self, **subject: Any) -> str:
        """Ask for a run and return its id."""
        return asyncio.run(self._ask(**subject))

    def work(self, run_id: str) -> str:
        """Let a worker have a run; return its status afterwards."""
        return asyncio.run(self._work(run_id))

    def done(self, **subject: Any) -> str:
        """Ask for a run, and let a worker end it."""
        run_id = self.ask(**subject)
        self.work(run_id)
        return run_id

    def change(self, entry: str, change: JSON) -> None:
        """Change an entry of the journal behind everybody's back."""
        asyncio.run(self._change(entry, change))

    async def _change(self, entry: str, change: JSON) -> None:
        async with self._stage() as stage:
            await stage.database.db.command("collMod", "journal", validator={})
            journal = stage.database.db["journal"]
            await journal.update_one({"_id": entry}, {"$set": change})

    async def _ask(self, **subject: Any) -> str:
        async with self._stage() as stage:
            return await stage.ask(**subject)

    async def _work(self, run_id: str) -> str:
        async with self._stage() as stage:
            run = await stage.worker().work_on(run_id)
            return str(run.status) if run is not None else "not claimed"

    @asynccontextmanager
    async def _stage(self) -> AsyncIterator[Stage]:
        database = connect(self.url, embedded=True)
        try:
            await migrate(database, SCHEMA)
            stage = Stage(database, ScriptedPipeline("read", "think"))
            stage.pipeline.script("think", _thinks)
            stage.pipeline.by_name["think"].checks = self.checks
            yield stage
            await stage.runs.close()
        finally:
            await database.close()


async def _thinks(context: StepContext) -> JSON:
    return {"thought": context.run.overrides.get("fail_on", "nothing")}


@pytest.fixture
def machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mongodb_url: str
) -> Iterator[Machine]:
    """Give a machine on whose database the command line works as well."""
    with bare_cli(monkeypatch, tmp_path, mongodb_url) as url:
        yield Machine(url)


def told(*arguments: str, code: int = 0) -> Any:
    """Run a command with `--json` and return what it printed."""
    shown = nofx("runs", *arguments, "--json")
    assert shown.exit_code == code, shown.output
    return json.loads(shown.stdout)


def before_think(run_id: str) -> str:
    """Return the checkpoint before the second step."""
    listed = told("checkpoints", run_id)["checkpoints"]
    return next(
        str(one["checkpoint_id"])
        for one in listed
        if (one["kind"], one["step"]) == ("before", "think")
    )


@pytest.mark.usefixtures("machine")
def test_an_empty_database_is_said_to_be_empty() -> None:
    """No table without rows, and no error."""
    assert nofx("runs", "list").stdout == "No run fits.\n"
    assert told("list") == {"runs": [], "next": None}


def test_runs_are_listed_and_shown(machine: Machine) -> None:
    """In words for people, and with every fact for machines."""
    done = machine.done()
    waiting = machine.ask(pull=2, requested_by="alice")
    listed = nofx("runs", "list").stdout
    assert [line.split()[:2] for line in listed.splitlines()[1:]] == [
        [waiting, "queued"],
        [done, "succeeded"],
    ]
    assert "octo/hello#2" in listed
    assert [one["id"] for one in told("list", "--status", "queued")["runs"]] == [
        waiting
    ]
    first = told("list", "--limit", "1", "--since", "1h")
    assert first["runs"][0]["id"] == waiting
    second = told("list", "--limit", "1", "--cursor", first["next"])
    assert (second["runs"][0]["id"], second["next"]) == (done, None)
    shown = nofx("runs", "show", done).stdout
    assert re.search(r"Status +succeeded", shown)
    assert re.search(r"think +succeeded +1 +\d+\.\d s +think done", shown)
    assert told("show", done)["steps"][0]["name"] == "read"


def test_commands_move_a_run_and_say_how_it_stands(machine: Machine) -> None:
    """Who did it stands in the history; a move that is no row is refused."""
    run_id = machine.ask()
    assert "is paused" in nofx("runs", "pause", run_id, "--reason", "lunch").stdout
    again = nofx("runs", "pause", run_id)
    assert again.exit_code == 3
    assert "cannot pause" in again.stderr
    assert f"Go on: nofx runs resume {run_id}\n" in nofx("runs", "show", run_id).stdout
    assert told("resume", run_id)["status"] == "queued"
    ended = nofx("runs", "cancel", run_id, "--reason", "not needed").stdout
    assert ended == f"{run_id} of octo/hello#1 is cancelled: not needed.\n"
    assert "Outcome   not needed" in nofx("runs", "show", run_id).stdout


def test_a_gate_is_decided_from_the_command_line(machine: Machine) -> None:
    """Waived with a reason, by name; then the run goes on to its end."""
    run_id = machine.ask()
    machine.checks = (FAILED,)
    assert machine.work(run_id) == "gate_failed"
    waiting = nofx("runs", "show", run_id).stdout
    assert f'Go on: nofx runs waive {run_id} static_analysis --reason "why"' in waiting
    assert "then it is given up" in waiting
    assert re.search(r"Check +failure\nOutcome +one error", waiting)
    wordless = nofx("runs", "waive", run_id, "static_analysis", "--reason", "")
    assert wordless.exit_code == 2
    shown = nofx(
        "runs", "waive", run_id, "static_analysis", "--reason", "a false alarm"
    )
    assert shown.exit_code == 0, shown.output
    assert re.search(r"static_analysis +waived", shown.stdout)
    assert "waive by cli" in shown.stdout
    assert machine.work(run_id) == "succeeded"
    (gate,) = told("show", run_id)["gates"]
    assert gate["approvals"][0]["reason"] == "a false alarm"


def test_branch_merge_and_prove(machine: Machine) -> None:
    """Two opinions from one checkpoint become one run, by a choice on the terminal."""
    origin = machine.done()
    start = before_think(origin)
    branches = [
        told("branch", origin, start, "--set", f"fail_on={say}", "--reason", "try")
        for say in ("warning", "info")
    ]
    ours, theirs = (str(one["run"]["id"]) for one in branches)
    assert branches[0]["reused"] == {"steps": ["read"], "effects": []}
    assert [machine.work(one) for one in (ours, theirs)] == ["succeeded"] * 2
    plan = told("merge", ours, theirs, code=1)
    ids = [one["id"] for one in plan["conflicts"]]
    shown = nofx("runs", "merge", plan["id"])
    assert shown.exit_code == 1
    for one, path in zip(ids, ("/thought", "/overrides/fail_on"), strict=True):
        assert re.search(rf"{one} .*{path} .*warning +info +open", shown.stdout)
    take = [word for one in ids for word in ("--take", f"{one}=theirs")]
    done = told("merge", plan["id"], *take, "--commit")
    merged = str(done["run"]["id"])
    assert machine.work(merged) == "succeeded"
    drawn = nofx("runs", "tree", ours).stdout.splitlines()
    assert drawn[0].startswith(origin)
    assert [line.lstrip("|-` ").split()[0] for line in drawn[1:]] == [
        ours,
        merged,
        theirs,
    ]
    assert f"merge, with {theirs}, silent" in drawn[2]
    for run_id in (origin, ours, theirs, merged):
        assert nofx("runs", "verify", run_id).stdout.startswith("Intact: ")


def test_a_rerun_is_a_new_run(machine: Machine) -> None:
    """It needs GitHub where its run spoke there, and says so."""
    origin = machine.done()
    silent = told("branch", origin, before_think(origin), "--reason", "try")
    machine.work(silent["run"]["id"])
    again = nofx("runs", "rerun", silent["run"]["id"], "--from", "think")
    assert again.exit_code == 0, again.output
    assert "Not done again: read." in again.stdout
    loud = nofx("runs", "rerun", origin)
    assert loud.exit_code == 3
    assert "NOFX_APP_ID" in loud.stderr


def test_a_changed_history_is_found_out(machine: Machine) -> None:
    """The exit code tells scripts, the first broken entry tells people."""
    run_id = machine.done()
    machine.change(f"run/{run_id}:3", {"fence": 7})
    shown = nofx("runs", "verify", run_id)
    assert shown.exit_code == 1
    assert shown.stdout.startswith("BROKEN at entry 3: ")
    assert told("verify", run_id, code=1)["broken_seq"] == 3


def test_redaction_takes_a_state_and_leaves_the_proof(machine: Machine) -> None:
    """What should never have been kept is gone, and the chain still holds."""
    run_id = machine.done()
    start = before_think(run_id)
    shown = nofx("runs", "redact", run_id, start, "--reason", "a name")
    assert "gone for good" in shown.stdout
    assert "redacted" in nofx("runs", "checkpoints", run_id).stdout
    assert "redacted" in nofx("runs", "verify", run_id).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", UNKNOWN), "There is no run"),
        (("show", "run_7"), "is not the id of a run"),
        (("list", "--status", "great"), "/status"),
        (("list", "--since", "soon"), "12h"),
        (("list", "--cursor", "%%"), "/cursor"),
        (("merge", "mrg_7"), "is not the id of a merge"),
        (("merge", UNKNOWN, UNKNOWN), "There is no run"),
        (("branch", UNKNOWN, "cp_7", "--reason", "x"), "is not the id of a checkpoint"),
        (("branch", UNKNOWN, "cp_7", "--set", "x"), "name=value"),
        (("states", "--machine", "wheel"), "no machine"),
    ],
)
@pytest.mark.usefixtures("machine")
def test_bad_input_gives_one_message(arguments: tuple[str, ...], said: str) -> None:
    """Exit code 2, nothing on standard output, a way out on standard error."""
    shown = nofx("runs", *arguments)
    assert shown.exit_code == 2
    assert shown.stdout == ""
    assert said in shown.stderr


def test_the_tables_are_printed_as_they_are() -> None:
    """For a diagram, and for programs; no database is needed."""
    drawn = nofx("runs", "states").stdout
    for one in MACHINES:
        assert mermaid(one) in drawn
        alone = nofx("runs", "states", "--machine", one.name).stdout
        assert alone == f"{mermaid(one)}\n"
    (run,) = told_states("--machine", "run")
    assert {"transition": "claim", "from": "queued", "to": "running"} in run[
        "transitions"
    ]
    assert len(told_states()) == len(MACHINES)


def told_states(*arguments: str) -> Any:
    """Return the tables as JSON."""
    return json.loads(nofx("runs", "states", "--format", "json", *arguments).stdout)

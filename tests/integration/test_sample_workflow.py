"""The sample workflow: each of its steps is run as Actions would run it, both ways."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.review.report import ReviewReport
from tests.fakes.actions_runner import (
    EXPRESSION,
    ROOT,
    Ran,
    Runner,
    check_out,
    check_out_nofx,
)
from tests.fakes.road import CLEAN, Road, built_road
from tests.fakes.workflow_jobs import Jobs, working_jobs

FILE = ROOT / ".github/workflows/nofx-llm-review.yml"
WORKFLOW: dict[str, Any] = yaml.safe_load(FILE.read_text())
RUNNER, SERVICE = WORKFLOW["jobs"]["runner"], WORKFLOW["jobs"]["service"]
NUMBER = "github.event.pull_request.number || inputs.pull"
BRANCH = "github.event.repository.default_branch"
FOLDER = "nofx-review"


@pytest.fixture
async def road(tmp_path: Path, mongodb_url: str) -> AsyncIterator[Road]:
    """Give a GitHub and a repository, without any bot."""
    async with built_road(tmp_path, mongodb_url, "sample") as stage:
        yield stage


@pytest.fixture
async def jobs(tmp_path: Path, mongodb_url: str) -> AsyncIterator[Jobs]:
    """Give a bot that is deployed, and a pull request with one risky line."""
    async with working_jobs(tmp_path, mongodb_url, f"w_{tmp_path.name}") as stage:
        yield stage


def payload(road: Road, number: int) -> dict[str, Any]:
    """Return what GitHub tells of the pull request's opening."""
    repository = road.github.pull("octo/hello", number)["base"]["repo"]
    pull = road.github.pull("octo/hello", number)
    return {"action": "opened", "pull_request": pull, "repository": repository}


def on_the_runner(road: Road, number: int, folder: Path, *, event: str) -> Runner:
    """Give a runner whose checkouts are done."""
    workspace = folder / "workspace"
    workspace.mkdir()
    check_out_nofx(workspace / "nofx")
    check_out(road.repository.path, workspace / "change", road.head(number))
    return Runner(
        workspace=workspace,
        event=event,
        payload=payload(road, number) if event == "pull_request" else {"inputs": {}},
        values={BRANCH: "main"},
    )


def at_the_service(jobs: Jobs, folder: Path, url: str | None = None) -> Runner:
    """Give a runner of a job that may ask for tokens."""
    return Runner(
        workspace=folder / "workspace",
        event="pull_request",
        payload=payload(jobs.road, jobs.pull),
        values={"vars.NOFX_URL": url or f"{jobs.url}/", NUMBER: str(jobs.pull)},
        variables=jobs.job().environment,
    )


def told(ran: list[Ran]) -> str:
    """Return what went on, to be shown when a test fails."""
    return "\n".join(f"{one.name}: {one.code}\n{one.out}{one.err}" for one in ran)


def check_files(runner: Runner) -> ReviewReport:
    """Check what the artifact will hold, and return its report."""
    folder = runner.workspace / FOLDER
    log = json.loads((folder / "nofx.sarif").read_text())
    report = ReviewReport.model_validate_json((folder / "report.json").read_text())
    (ran,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert len(ran["results"]) == len(report.findings)
    return report


@pytest.mark.parametrize("event", ["pull_request", "workflow_dispatch"])
async def test_on_the_runner(road: Road, tmp_path: Path, event: str) -> None:
    """Annotations are printed, the summary shows the code, and the step fails."""
    number = await road.open_pull()
    runner = on_the_runner(road, number, tmp_path, event=event)
    ran = await runner.run(RUNNER)
    assert [one.code for one in ran] == [0, 1], told(ran)
    assert "Installing" not in ran[0].out
    annotation, verdict = ran[1].out.splitlines()
    assert annotation.startswith("::error file=app.py,line=8,endLine=8,title=")
    assert verdict.startswith("::warning title=nofx::failure")
    assert runner.summary.startswith("## nofx: failure\n")
    assert "+    subprocess.run(command, shell=True, check=True)" in runner.summary
    assert [one.rule for one in check_files(runner).findings] == ["ruff:S602"]


async def test_on_the_runner_without_a_finding(road: Road, tmp_path: Path) -> None:
    """The job is green, and the summary says what was read."""
    files: dict[str, str | bytes | None] = {"app.py": f"{CLEAN}\n\nCOUNT = 1\n"}
    road.repository.commit(files, "Count", branch="feature")
    number = await road.github.open_pull("octo/hello", base="main", head="feature")
    runner = on_the_runner(road, number, tmp_path, event="pull_request")
    ran = await runner.run(RUNNER)
    assert [one.code for one in ran] == [0, 0], told(ran)
    assert ran[1].out.startswith("::notice title=nofx::success")
    assert "no findings" in runner.summary
    assert check_files(runner).findings == ()


async def test_what_the_change_brings_is_never_run(road: Road, tmp_path: Path) -> None:
    """A nofx, a Makefile or a setting in the change is only read."""
    trap = tmp_path / "trapped"
    evil = f"import pathlib\npathlib.Path({str(trap)!r}).touch()\n"
    files: dict[str, str | bytes | None] = {
        "bot/__main__.py": evil,
        "sitecustomize.py": evil,
        "Makefile": f".venv:\n\ttouch {trap}\n",
        ".env": "NOFX_MODEL=nothing\n",
    }
    road.repository.commit(files, "Help", branch="feature")
    number = await road.github.open_pull("octo/hello", base="main", head="feature")
    runner = on_the_runner(road, number, tmp_path, event="pull_request")
    ran = await runner.run(RUNNER)
    assert [one.code for one in ran] == [0, 0], told(ran)
    assert not trap.exists()
    assert check_files(runner).coverage.hunks_total == 4


async def test_by_the_service(jobs: Jobs, tmp_path: Path) -> None:
    """The job shows whose it is by GitHub's token, and gets the same as above."""
    runner = at_the_service(jobs, tmp_path)
    ran = await runner.run(SERVICE)
    assert [one.code for one in ran] == [0, 1], told(ran)
    annotation, verdict = ran[1].out.splitlines()
    assert annotation.startswith("::error file=app.py,line=8,endLine=8,title=")
    assert verdict.startswith("::warning title=nofx::failure")
    assert "+    subprocess.run(command, shell=True, check=True)" in runner.summary
    assert [one.rule for one in check_files(runner).findings] == ["ruff:S602"]
    assert jobs.github.oidc.requests


async def test_by_the_service_without_a_finding(jobs: Jobs, tmp_path: Path) -> None:
    """The job is green."""
    await jobs.road.push(jobs.pull, {"app.py": f"{CLEAN}\n\nCOUNT = 1\n"})
    ran = await at_the_service(jobs, tmp_path).run(SERVICE)
    assert [one.code for one in ran] == [0, 0], told(ran)
    assert ran[1].out.startswith("::notice title=nofx::success")


async def test_a_service_that_refuses_is_told(jobs: Jobs, tmp_path: Path) -> None:
    """The step fails with the service's own words, and nothing is shown as reviewed."""
    other = jobs.url.replace("127.0.0.1", "localhost")
    ran = await at_the_service(jobs, tmp_path, other).run(SERVICE)
    assert [one.code for one in ran] == [1]
    assert "nofx answered 401" in ran[0].err
    assert "it is for another audience" in ran[0].err
    assert jobs.url in ran[0].err


def test_no_step_has_an_expression_in_its_script() -> None:
    """What others may choose reaches a script as a variable alone."""
    scripts = [
        step["run"]
        for job in WORKFLOW["jobs"].values()
        for step in job["steps"]
        if "run" in step
    ]
    assert len(scripts) == 4
    assert not [one for one in scripts if EXPRESSION.search(one)]


def test_it_may_do_little_and_for_a_while() -> None:
    """Each job has what it needs; one that asks for tokens cannot even read code."""
    assert WORKFLOW["permissions"] == {}
    assert WORKFLOW["concurrency"]["cancel-in-progress"] is True
    allowed = {name: job["permissions"] for name, job in WORKFLOW["jobs"].items()}
    assert allowed == {
        "runner": {"contents": "read"},
        "service": {"id-token": "write"},
    }
    assert all(job["timeout-minutes"] <= 30 for job in WORKFLOW["jobs"].values())


def test_actions_are_pinned_and_their_versions_named() -> None:
    """A tag can be moved; the same action is the same commit in every workflow."""
    pins: dict[str, set[str]] = {}
    for file in FILE.parent.glob("*.yml"):
        for line in file.read_text().splitlines():
            if "uses:" in line:
                found = re.search(r"uses: (\S+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+$", line)
                assert found, line
                pins.setdefault(found[1], set()).add(found[2])
    assert all(len(one) == 1 for one in pins.values())


@pytest.mark.parametrize(
    "command",
    [
        ("zizmor", "--offline", "--no-progress", "--persona", "auditor"),
        ("check-jsonschema", "--builtin-schema", "vendor.github-workflows"),
    ],
    ids=lambda command: str(command[0]),
)
def test_others_accept_it(command: tuple[str, ...]) -> None:
    """The strictest auditor of workflows, and GitHub's own schema."""
    program = shutil.which(command[0], path=str(Path(sys.executable).parent))
    assert program
    judged = subprocess.run(  # noqa: S603  # a program of ours, on a file of ours
        [program, *command[1:], str(FILE)], capture_output=True, text=True, check=False
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr

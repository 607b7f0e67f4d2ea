"""Check runs and suites in the simulator."""

from typing import Any

import pytest

from tests.fakes.simulated_github import REPO, SimulatedGitHub
from tests.judges.github_requests import GitHubJudges

RUNS = f"/repos/{REPO}/check-runs"
NOTE = {
    "path": "a.py",
    "start_line": 20,
    "end_line": 20,
    "annotation_level": "warning",
    "message": "Hm",
}
BUTTON = {"label": "Fix", "description": "Fix it", "identifier": "fix"}
OUTPUT = {"title": "Read", "summary": "All of it"}


async def new_run(github: SimulatedGitHub, **more: object) -> Any:
    """Create a check run on the head and return it."""
    body = {"name": "nofx", "head_sha": github.head, **more}
    reply = await github.caller.post(RUNS, body)
    assert reply.status == 201
    return reply.body


async def test_a_check_run_goes_its_way(
    github: SimulatedGitHub, github_judges: GitHubJudges
) -> None:
    """Queued, in progress, completed; each step is remembered."""
    run = await new_run(github, external_id="run_1")
    path = f"{RUNS}/{run['id']}"
    assert github_judges.openapi.check_answer("POST", RUNS, 201, run) == []
    assert (run["status"], run["conclusion"]) == ("queued", None)
    assert run["pull_requests"][0]["number"] == 1
    started = {"status": "in_progress", "output": {"title": "Reading", "summary": "…"}}
    await github.caller.send("PATCH", path, started)
    done = await github.caller.send(
        "PATCH", path, {"conclusion": "neutral", "output": OUTPUT}
    )
    assert done.body["completed_at"] == "2026-01-05T12:00:00Z"
    assert github_judges.openapi.check_answer("PATCH", path, 200, done.body) == []
    (seen,) = github.simulator.check_runs(REPO, github.head)
    assert seen["history"] == [
        ("queued", None, None),
        ("in_progress", None, "Reading"),
        ("completed", "neutral", "Read"),
    ]
    again = await github.caller.send("PATCH", path, {"status": "in_progress"})
    assert (again.body["conclusion"], again.body["completed_at"]) == (None, None)


WRONG = {
    "completed without a conclusion": {"status": "completed"},
    "a conclusion that is none": {"conclusion": "fine"},
    "GitHub's own conclusion": {"conclusion": "stale"},
    "a conclusion while it runs": {"status": "queued", "conclusion": "success"},
    "a status that is none": {"status": "thinking"},
    "a time that is none": {"started_at": "yesterday"},
    "an end that is none": {"completed_at": "2026-01-01T00:00:00"},
    "an output without summary": {"output": {"title": "x"}},
    "an output that is none": {"output": "x"},
    "a long summary": {"output": {"title": "x", "summary": "y" * 65_536}},
    "51 annotations": {"output": {**OUTPUT, "annotations": [NOTE] * 51}},
    "a bare annotation": {"output": {**OUTPUT, "annotations": [{"path": "a.py"}]}},
    "an unknown level": {
        "output": {**OUTPUT, "annotations": [{**NOTE, "annotation_level": "error"}]}
    },
    "lines backwards": {"output": {**OUTPUT, "annotations": [{**NOTE, "end_line": 1}]}},
    "columns over lines": {
        "output": {
            **OUTPUT,
            "annotations": [{**NOTE, "end_line": 21, "start_column": 1}],
        }
    },
    "four buttons": {"actions": [BUTTON] * 4},
    "a long label": {"actions": [{**BUTTON, "label": "x" * 21}]},
    "a long description": {"actions": [{**BUTTON, "description": "x" * 41}]},
    "a long identifier": {"actions": [{**BUTTON, "identifier": "x" * 21}]},
    "a nameless button": {"actions": [{"label": "x", "description": "y"}]},
    "no name": {"name": None},
    "a commit that is none": {"head_sha": "0" * 40},
    "no commit": {"head_sha": None},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_what_github_would_refuse_is_refused(
    wrong: dict[str, object], github: SimulatedGitHub
) -> None:
    """No run is made."""
    body = {"name": "nofx", "head_sha": github.head, **wrong}
    assert (await github.caller.post(RUNS, body)).status == 422
    assert github.simulator.check_runs(REPO, github.head) == []


async def test_annotations_are_added_by_each_update(
    github: SimulatedGitHub, github_judges: GitHubJudges
) -> None:
    """Fifty a request, as many requests as it takes."""
    output = {**OUTPUT, "annotations": [NOTE] * 50}
    run = await new_run(github, output=output, actions=[BUTTON])
    path = f"{RUNS}/{run['id']}"
    reply = await github.caller.send("PATCH", path, {"output": output})
    assert reply.body["output"]["annotations_count"] == 100
    listed = await github.caller.get(f"{path}/annotations?per_page=100")
    assert len(listed.body) == 100
    judge = github_judges.openapi.check_answer
    assert judge("GET", f"{path}/annotations", 200, listed.body) == []
    (seen,) = github.simulator.check_runs(REPO, github.head)
    assert seen["actions"] == [BUTTON]


async def test_only_its_maker_changes_a_run(github: SimulatedGitHub) -> None:
    """Another App may read it, no more."""
    run = await new_run(github)
    github.simulator.register_app(slug="other")
    number = github.simulator.install(REPO, slug="other")
    (other,) = [
        app for app in github.simulator.world.apps.values() if app.slug == "other"
    ]
    record = github.simulator.world.check_run(
        github.simulator.world.repository(REPO), run["id"]
    )
    record.suite.app = other
    path = f"{RUNS}/{run['id']}"
    assert (await github.caller.send("PATCH", path, {})).status == 403
    assert (await github.caller.get(path)).status == 200
    assert number != github.installation
    assert (await github.caller.get(f"{RUNS}/9")).status == 404


async def test_runs_are_listed_for_a_ref_and_a_suite(
    github: SimulatedGitHub, github_judges: GitHubJudges
) -> None:
    """The latest of each name, unless all are asked for."""
    first = await new_run(github)
    second = await new_run(github)
    lint = await new_run(github, name="lint", conclusion="failure")

    async def ids(path: str) -> list[int]:
        reply = await github.caller.get(f"/repos/{REPO}/{path}")
        bare = f"/repos/{REPO}/{path.partition('?')[0]}"
        assert github_judges.openapi.check_answer("GET", bare, 200, reply.body) == []
        found: list[int] = [run["id"] for run in reply.body["check_runs"]]
        return found

    of_ref = f"commits/{github.head}/check-runs"
    assert await ids(of_ref) == [lint["id"], second["id"]]
    assert await ids(f"{of_ref}?check_name=lint") == [lint["id"]]
    assert await ids(f"{of_ref}?status=completed&app_id={github.app.app_id}") == [
        lint["id"]
    ]
    assert await ids(f"{of_ref}?app_id=1") == []
    assert await ids(f"{of_ref}?filter=all&check_name=nofx") == [
        second["id"],
        first["id"],
    ]
    suite = first["check_suite"]["id"]
    assert await ids(f"check-suites/{suite}/check-runs?filter=all") == [
        lint["id"],
        second["id"],
        first["id"],
    ]


async def test_a_suite_sums_up_its_runs(
    github: SimulatedGitHub, github_judges: GitHubJudges
) -> None:
    """Queued without runs, in progress with an open one, else the worst."""
    suites = f"/repos/{REPO}/check-suites"
    made = await github.caller.post(suites, {"head_sha": github.head})
    assert (made.status, made.body["status"]) == (201, "queued")
    again = await github.caller.post(suites, {"head_sha": github.head})
    assert (again.status, again.body["id"]) == (200, made.body["id"])
    own = f"{suites}/{made.body['id']}"
    run = await new_run(github)
    await new_run(github, name="lint", conclusion="failure")
    assert (await github.caller.get(own)).body["status"] == "in_progress"
    await github.caller.send("PATCH", f"{RUNS}/{run['id']}", {"conclusion": "success"})
    done = await github.caller.get(own)
    assert (done.body["status"], done.body["conclusion"]) == ("completed", "failure")
    assert github_judges.openapi.check_answer("GET", own, 200, done.body) == []
    listed = await github.caller.get(
        f"/repos/{REPO}/commits/feature/check-suites?app_id={github.app.app_id}"
    )
    assert listed.body["total_count"] == 1
    assert (await github.caller.get(f"{suites}/9")).status == 404

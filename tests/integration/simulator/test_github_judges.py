"""The judges of requests to GitHub see what is wrong with one."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.simulator.server import RecordedRequest
from bot.simulator.simulator import Simulator
from tests.fakes.simulated_github import REPO, SimulatedGitHub
from tests.judges.github_requests import GitHubJudges

ROOT = "/repos/o/r"
COMMENT = {"path": "a.py", "line": 1, "body": "x"}
REVIEW = {"event": "COMMENT", "comments": [COMMENT]}
CHECK = {"name": "nofx", "head_sha": "0" * 40}
DONE = {**CHECK, "conclusion": "success", "status": "completed"}


def request(method: str, path: str, body: Any = None, **query: str) -> RecordedRequest:
    """Return a request as the simulator would have recorded it."""
    return RecordedRequest(
        method=method, path=path, query=query, headers={}, body=body, status=200
    )


GOOD = [
    request("GET", f"{ROOT}/pulls/1/files", per_page="100", page="2"),
    request("GET", f"{ROOT}/contents/docs/a.md", ref="main"),
    request("GET", f"{ROOT}/compare/a...feature/b"),
    request("GET", f"{ROOT}/pulls", state="all"),
    request(
        "POST", f"{ROOT}/pulls/1/reviews", {"event": "COMMENT", "comments": [COMMENT]}
    ),
    request("POST", f"{ROOT}/check-runs", {**CHECK, "status": "in_progress"}),
    request(
        "POST",
        f"{ROOT}/check-runs",
        DONE,
    ),
    request("POST", "/app/installations/1/access_tokens"),
    request("POST", "/app/hook/deliveries/1/attempts", {}),
    request("DELETE", f"{ROOT}/pulls/1/reviews/2"),
]


@pytest.mark.parametrize("good", GOOD, ids=range(len(GOOD)))
def test_a_valid_request_is_left_alone(
    good: RecordedRequest, github_judges: GitHubJudges
) -> None:
    """Queries, bodies and long paths that GitHub knows pass."""
    assert github_judges.problems([good]) == []


BAD = [
    (request("GET", "/repos/o/r/reviewz"), "no path"),
    (request("PUT", f"{ROOT}/check-runs"), "no PUT"),
    (request("GET", f"{ROOT}/pulls", pages="2"), "unknown parameter pages"),
    (request("GET", f"{ROOT}/pulls", state="done"), "state"),
    (request("GET", f"{ROOT}/pulls", page="two"), "page"),
    (request("GET", f"{ROOT}/pulls", {"x": 1}), "a body is sent"),
    (request("POST", f"{ROOT}/issues/1/comments"), "the body is missing"),
    (request("POST", f"{ROOT}/issues/1/comments", {}), "body"),
    (request("POST", f"{ROOT}/issues/1/comments", {"body": "x", "y": 1}), "'y'"),
    (
        request("POST", f"{ROOT}/pulls/1/reviews", {"comments": [{**COMMENT, "z": 1}]}),
        "'z'",
    ),
    (
        request("POST", f"{ROOT}/check-runs", {**CHECK, "output": {"name": "x"}}),
        "title",
    ),
    (request("POST", f"{ROOT}/check-runs", {**CHECK, "state": "queued"}), "'state'"),
    (request("POST", f"{ROOT}/check-runs", "text"), "object"),
]


@pytest.mark.parametrize(("bad", "said"), BAD, ids=range(len(BAD)))
def test_an_invalid_request_is_told_with_its_place(
    bad: RecordedRequest, said: str, github_judges: GitHubJudges
) -> None:
    """Unknown paths, methods, parameters and keys, and wrong values."""
    problems = github_judges.problems([GOOD[0], bad])
    assert problems
    assert all(one.startswith(f"{bad.method} {bad.path}: ") for one in problems)
    assert any(said in one for one in problems)


QUERY = """
query($n: Int!) {
  repository(owner: "o", name: "r") { pullRequest(number: $n) { id } }
}"""
DOCUMENTS = [
    ({"query": QUERY, "variables": {"n": 1}}, ""),
    ({"query": QUERY, "variables": {"n": "one"}}, "Int"),
    ({"query": QUERY}, "$n"),
    ({"query": QUERY, "variables": {"n": 1, "m": 2}}, "variable m"),
    ({"query": "{ viewer { nickname } }"}, "nickname"),
    ({"query": "{ viewer {"}, "Syntax Error"),
    ({"query": "{ viewer { login } }", "extra": 1}, "unknown key extra"),
    ({"variables": {}}, "no query"),
    ("text", "no query"),
]


@pytest.mark.parametrize(("body", "said"), DOCUMENTS)
def test_graphql_documents_and_variables_are_judged(
    body: object, said: str, github_judges: GitHubJudges
) -> None:
    """Unknown fields, wrong variables and broken syntax are told."""
    problems = github_judges.problems([request("POST", "/graphql", body)])
    assert bool(problems) == bool(said)
    assert all(said in one for one in problems[:1])


def test_an_answer_that_lacks_a_field_is_told(github_judges: GitHubJudges) -> None:
    """Missing fields, unknown statuses and unknown paths are problems."""
    judge = github_judges.openapi.check_answer
    path = f"{ROOT}/issues/1/comments"
    assert any("required" in one for one in judge("POST", path, 201, {"id": 1}))
    assert judge("POST", path, 299, {}) == [
        "299 is no answer of POST /repos/{owner}/{repo}/issues/{issue_number}/comments"
    ]
    assert judge("GET", "/nowhere", 200, {}) == ["GitHub has no path /nowhere"]
    assert judge("DELETE", f"{ROOT}/issues/comments/1", 204, None) == []


async def test_a_payload_that_lacks_a_field_is_told(
    github: SimulatedGitHub, github_judges: GitHubJudges
) -> None:
    """A webhook without its sender is none of GitHub's."""
    _, payload, _ = github.listener.received[0]
    del payload["sender"]
    (problem,) = github_judges.openapi.check_webhook("pull_request", payload)
    assert "sender" in problem


async def test_the_fixture_judges_all_requests_of_a_simulator(
    github: SimulatedGitHub, judged: Callable[[Simulator], Simulator]
) -> None:
    """REST and GraphQL alike; a bad one would fail this test at its end."""
    simulator = judged(github.simulator)
    await github.caller.get(f"/repos/{REPO}/pulls?state=open")
    await github.caller.graphql("{ viewer { login } }")
    assert [one.path for one in simulator.requests[-2:]] == [
        f"/repos/{REPO}/pulls",
        "/graphql",
    ]

"""The simulator's answers and webhooks are what GitHub's own description says."""

from collections.abc import Callable

import pytest

from bot.simulator.simulator import Simulator
from tests.fakes.simulated_github import REPO, SimulatedGitHub
from tests.judges.github_requests import GitHubJudges

READS = (
    "",
    "/pulls",
    "/pulls/1",
    "/pulls/1/files",
    "/pulls/1/commits",
    "/pulls/1/reviews",
    "/pulls/1/comments",
    "/issues/1/comments",
    "/compare/main...feature",
    "/contents/a.py",
    "/contents/docs",
    "/branches/feature",
    "/git/ref/heads/main",
    "/commits/feature",
    "/commits/feature/check-runs",
    "/commits/feature/check-suites",
    "/collaborators/alice/permission",
)


@pytest.mark.parametrize("path", READS)
async def test_a_read_answers_with_every_field_that_github_promises(
    path: str,
    github: SimulatedGitHub,
    github_judges: GitHubJudges,
    judged: Callable[[Simulator], Simulator],
) -> None:
    """Each answer is valid by the schema of its operation, as is each request."""
    judged(github.simulator)
    await github.with_talk()
    whole = f"/repos/{REPO}{path}"
    reply = await github.caller.get(whole)
    assert reply.status == 200
    assert reply.body
    assert github_judges.openapi.check_answer("GET", whole, 200, reply.body) == []

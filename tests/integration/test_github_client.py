"""The client against the simulator: real HTTP, real git, GitHub's own refusals."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from bot.github.check_draft import Annotation, CheckDraft, Conclusion, Level
from bot.github.checks import create_check, find_check, update_check
from bot.github.client import GitHubApp, Installation
from bot.github.comments import (
    Permission,
    find_summary,
    permission,
    react_to_comment,
    upsert_summary,
)
from bot.github.files import files_at
from bot.github.limits import Policy
from bot.github.markers import effect_marker
from bot.github.pulls import compare_diff, file_at, get_pull
from bot.github.review_draft import DraftComment, ReviewDraft
from bot.github.reviews_rest import (
    existing_fingerprints,
    publish_review,
    resume_review,
)
from bot.simulator.faults import Kind
from core.clock import SystemClock
from core.errors import (
    GitHubCredentialsError,
    GitHubPermissionError,
    GitHubRateLimitedError,
    UnclearAnswerError,
)
from core.review.anchors import Anchor
from core.review.findings import Side
from core.review.hunks import parse_diff
from tests.fakes.github_script import PatientClock, pem
from tests.fakes.simulated_github import REPO, SimulatedGitHub, simulated_github

US = "nofx[bot]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A simulated GitHub with pull request 1, and our client of it."""

    github: SimulatedGitHub
    app: GitHubApp
    gh: Installation
    clock: PatientClock
    session: aiohttp.ClientSession


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Start the simulator at the machine's time: tokens are signed with it."""
    clock = PatientClock(SystemClock().now())
    async with (
        simulated_github(tmp_path, clock) as github,
        aiohttp.ClientSession() as session,
    ):
        app = GitHubApp(
            app_id=github.app.app_id,
            private_key=github.app.private_key,
            api_url=github.simulator.api_url,
            session=session,
            clock=clock,
            policy=Policy(write_spacing_seconds=0, timeout_seconds=2),
        )
        yield Stage(
            github=github,
            app=app,
            gh=app.installation(github.installation),
            clock=clock,
            session=session,
        )


def remark(number: int, line: int, path: str = "a.py") -> DraftComment:
    """Return the nth comment, on a line at the head."""
    anchor = Anchor(path=path, side=Side.RIGHT, start_line=None, line=line)
    name = f"{number:032x}"
    return DraftComment(anchor=anchor, body=f"Remark {number}.", fingerprint=name)


def draft(stage: Stage, *comments: DraftComment) -> ReviewDraft:
    """Return a review of the head."""
    return ReviewDraft(
        body="I read it.",
        comments=comments,
        commit_sha=stage.github.head,
        marker=effect_marker("run_1", "review"),
    )


async def test_the_app_finds_itself_and_its_installation(stage: Stage) -> None:
    """What `nofx doctor` asks."""
    identity = await stage.app.identity()
    assert (identity.id, identity.bot_login) == (stage.github.app.app_id, US)
    assert await stage.app.installation_of(REPO) == stage.github.installation


async def test_another_apps_key_is_refused_with_a_way_out(stage: Stage) -> None:
    """The number and the key must belong together."""
    stranger = GitHubApp(
        app_id=stage.github.app.app_id,
        private_key=pem(),
        api_url=stage.github.simulator.api_url,
        session=stage.session,
        clock=stage.clock,
    )
    with pytest.raises(GitHubCredentialsError) as caught:
        await stranger.identity()
    assert "NOFX_APP_ID" in caught.value.way_out


async def test_a_pull_request_is_read_with_its_diff_and_files(stage: Stage) -> None:
    """By SHA, so that a push in between changes nothing."""
    pull = await get_pull(stage.gh, REPO, 1)
    assert (pull.base_sha, pull.head_sha) == (stage.github.base, stage.github.head)
    assert not pull.is_fork
    later = stage.github.repository.commit({"late.py": "x\n"}, branch="feature")
    await stage.github.simulator.push(REPO, 1, later)
    comparison = await compare_diff(stage.gh, REPO, pull.base_sha, pull.head_sha)
    paths = {file.path for file in parse_diff(comparison.data).files}
    assert paths == {"a.py", "new.py", "old.py"}
    assert await file_at(stage.gh, REPO, "new.py", pull.head_sha) == b"new\n"
    assert await file_at(stage.gh, REPO, "logo", pull.base_sha) == b"\0\1"
    assert await file_at(stage.gh, REPO, "new.py", pull.base_sha) is None
    assert await file_at(stage.gh, REPO, "docs", pull.base_sha) is None


async def test_many_files_are_read_by_one_question(stage: Stage) -> None:
    """Only what no text of GraphQL's is whole of costs a request of its own."""
    wanted = {
        "a.py": "größer\r\n".encode(),
        "empty.py": b"",
        "latin.py": "größer".encode("latin-1"),
        "long.py": b"# long\n" * 100_000,
        "logo": b"\0\1",
        'odd: {$name}".py': b"odd\n",
    }
    sha = stage.github.repository.commit(wanted, branch="more")
    begin = len(stage.github.simulator.requests)
    paths = [*wanted, "docs", "nowhere.py"]
    found = await files_at(stage.gh, REPO, paths, sha, max_bytes=800_000)
    assert found == {**wanted, "docs": None, "nowhere.py": None}
    made = [one.path for one in stage.github.simulator.requests[begin:]]
    # What is not found is asked for too: REST alone may know a fork's commit.
    singly = ("latin.py", "long.py", "logo", "nowhere.py")
    ones = {f"/repos/{REPO}/contents/{name}" for name in singly}
    assert set(made) - ones == {
        "/graphql",
        f"/app/installations/{stage.github.installation}/access_tokens",
    }
    assert len(made) == len(ones) + 2
    short = await files_at(stage.gh, REPO, paths, sha, max_bytes=5)
    assert short["long.py"] is None
    assert short['odd: {$name}".py'] == b"odd\n"


async def test_what_did_not_change_costs_no_budget(stage: Stage) -> None:
    """The second look is answered 304."""
    await get_pull(stage.gh, REPO, 1)
    await get_pull(stage.gh, REPO, 1)
    looks = [r.status for r in stage.github.simulator.requests if r.method == "GET"]
    assert looks[-2:] == [200, 304]


async def test_a_review_survives_its_bad_anchors(stage: Stage) -> None:
    """The simulator refuses all for one, as GitHub does; the good ones arrive."""
    ours = draft(stage, remark(1, 20), remark(2, 35), remark(3, 1, "gone.py"))
    result = await publish_review(stage.gh, REPO, 1, ours, US)
    assert list(result.posted) == [f"{1:032x}"]
    assert set(result.demoted) == {f"{2:032x}", f"{3:032x}"}
    [review] = stage.github.simulator.reviews(REPO, 1)
    assert (review["id"], review["state"]) == (result.review_id, "COMMENTED")
    [comment] = stage.github.simulator.review_comments(REPO, 1)
    assert (comment["path"], comment["line"]) == ("a.py", 20)
    assert await existing_fingerprints(stage.gh, REPO, 1, US) == result.posted


async def test_an_orphaned_pending_review_does_not_stand_in_the_way(
    stage: Stage,
) -> None:
    """A crash left it; GitHub allows one."""
    path = f"/repos/{REPO}/pulls/1/reviews"
    await stage.gh.post(path, {"body": "half"})
    await publish_review(stage.gh, REPO, 1, draft(stage, remark(1, 20)), US)
    states = [one["state"] for one in stage.github.simulator.reviews(REPO, 1)]
    assert states == ["COMMENTED"]


@pytest.mark.parametrize(
    "fault", ["timeout_after_commit", "lost_response", "502_after_commit"]
)
async def test_a_review_whose_answer_was_lost_is_posted_once(
    stage: Stage, fault: Kind
) -> None:
    """Unclear, read back, found: nothing is sent a second time."""
    stage.github.simulator.faults.add(method="POST", path=r"/reviews$", kind=fault)
    ours = draft(stage, remark(1, 20), remark(2, 50))
    with pytest.raises(UnclearAnswerError):
        await publish_review(stage.gh, REPO, 1, ours, US)
    result = await resume_review(stage.gh, REPO, 1, ours, US)
    assert result is not None
    assert set(result.posted) == {f"{1:032x}", f"{2:032x}"}
    assert len(stage.github.simulator.reviews(REPO, 1)) == 1
    assert len(stage.github.simulator.review_comments(REPO, 1)) == 2


async def test_a_review_that_did_not_arrive_is_posted_at_the_second_try(
    stage: Stage,
) -> None:
    """The line broke before GitHub did anything."""
    stage.github.simulator.faults.add(method="POST", path=r"/reviews$", kind="drop")
    ours = draft(stage, remark(1, 20))
    with pytest.raises(UnclearAnswerError):
        await publish_review(stage.gh, REPO, 1, ours, US)
    assert await resume_review(stage.gh, REPO, 1, ours, US) is None
    await publish_review(stage.gh, REPO, 1, ours, US)
    assert len(stage.github.simulator.reviews(REPO, 1)) == 1


async def test_a_check_run_lives_from_queued_to_completed(stage: Stage) -> None:
    """With 120 annotations, all of them, once each."""
    head, clock = stage.github.head, stage.clock
    first = CheckDraft(
        name="nofx", head_sha=head, external_id="run_1", title="Queued", summary="…"
    )
    made = await create_check(stage.gh, REPO, first)
    found = await find_check(stage.gh, REPO, first, app_id=stage.github.app.app_id)
    assert found is not None
    assert found.id == made.id
    annotations = tuple(
        Annotation(
            path="a.py",
            start_line=line,
            end_line=line,
            level=Level.NOTICE,
            title="Note",
            message="Look.",
        )
        for line in range(1, 121)
    )
    done = CheckDraft(
        name="nofx",
        head_sha=head,
        external_id="run_1",
        title="Reviewed",
        summary="x" * 70_000,
        started_at=clock.now(),
        completed_at=clock.now(),
        conclusion=Conclusion.SUCCESS,
        annotations=annotations,
    )
    stage.github.simulator.faults.add(
        method="PATCH", path=r"/check-runs/", kind="502_after_commit"
    )
    ended = await update_check(stage.gh, REPO, made.id, done)
    assert (ended.status, ended.conclusion) == ("completed", "success")
    [run] = stage.github.simulator.check_runs(REPO, head)
    shown = [item["start_line"] for item in run["annotations"]]
    assert shown == list(range(1, 121))
    await update_check(stage.gh, REPO, made.id, done)
    [run] = stage.github.simulator.check_runs(REPO, head)
    assert len(run["annotations"]) == 120


async def test_the_summary_is_one_comment_that_changes(stage: Stage) -> None:
    """Whatever is lost on the way."""
    stage.github.simulator.faults.add(
        method="POST", path=r"/comments$", kind="lost_response"
    )
    with pytest.raises(UnclearAnswerError):
        await upsert_summary(stage.gh, REPO, 1, "One finding.", US)
    await upsert_summary(stage.gh, REPO, 1, "No finding.", US)
    [comment] = stage.github.simulator.issue_comments(REPO, 1)
    assert comment["body"].startswith("No finding.")
    found = await find_summary(stage.gh, REPO, 1, US)
    assert found is not None
    assert found.id == comment["id"]


async def test_a_command_is_seen_and_its_author_known(stage: Stage) -> None:
    """The eyes at once; who may command is asked live."""
    number = await stage.github.simulator.comment(REPO, 1, "/nofx rerun")
    await react_to_comment(stage.gh, REPO, number, "eyes")
    await react_to_comment(stage.gh, REPO, number, "eyes")
    [comment] = stage.github.simulator.issue_comments(REPO, 1)
    assert comment["reactions"]["eyes"] == 1
    assert await permission(stage.gh, REPO, "alice") is Permission.WRITE
    assert not (await permission(stage.gh, REPO, "stranger")).may_write


async def test_a_secondary_limit_is_waited_out_and_a_long_one_told(
    stage: Stage,
) -> None:
    """A minute is slept; an hour is the caller's business."""
    faults = stage.github.simulator.faults
    faults.add(method="POST", path=r"/comments$", kind="secondary_limit", seconds=5)
    await upsert_summary(stage.gh, REPO, 1, "Hello.", US)
    assert stage.clock.slept == [5.0]
    faults.add(method="GET", path=r"/pulls/1$", kind="primary_limit", seconds=3600)
    with pytest.raises(GitHubRateLimitedError) as caught:
        await get_pull(stage.gh, REPO, 1)
    wait = (caught.value.retry_at - stage.clock.now()).total_seconds()
    assert 3500 < wait < 3700


async def test_a_permission_that_was_not_given_is_told(stage: Stage) -> None:
    """An owner who did not accept the new permissions is told so, and by whom."""
    simulator = stage.github.simulator
    given = {"metadata": "read", "pull_requests": "read", "contents": "read"}
    other = simulator.register_app(slug="timid", permissions=given)
    number = simulator.install(REPO, slug="timid")
    app = GitHubApp(
        app_id=other.app_id,
        private_key=other.private_key,
        api_url=simulator.api_url,
        session=stage.session,
        clock=stage.clock,
    )
    with pytest.raises(GitHubPermissionError, match="not accessible by integration"):
        await publish_review(
            app.installation(number), REPO, 1, draft(stage, remark(1, 20)), US
        )


async def test_graphql_answers_beside_rest(stage: Stage) -> None:
    """At the Enterprise address, with the installation's token."""
    document = "query($owner: String!, $name: String!) { repository(owner: $owner, "
    document += "name: $name) { pullRequest(number: 1) { number } } }"
    data = await stage.gh.graphql(document, owner="octo", name="hello")
    assert data["repository"]["pullRequest"]["number"] == 1

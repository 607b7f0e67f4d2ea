"""Reviews in the simulator: GitHub's refusals, and what a push does to comments."""

import pytest

from tests.fakes.github_caller import Reply
from tests.fakes.simulated_github import REPO, SimulatedGitHub
from tests.judges.github_requests import GitHubJudges

PULL = f"/repos/{REPO}/pulls/1"
HERE = {"path": "a.py", "line": 20, "body": "Why?"}


async def review(github: SimulatedGitHub, *comments: object, **more: object) -> Reply:
    """Create a review with these comments."""
    body = {"event": "COMMENT", "body": "Seen", "comments": list(comments), **more}
    return await github.caller.post(f"{PULL}/reviews", body)


async def test_a_review_with_comments_is_published_at_once(
    github: SimulatedGitHub, github_judges: GitHubJudges
) -> None:
    """All its comments are there, with their lines, sides and hunks."""
    span = {**HERE, "start_line": 18, "start_side": "LEFT", "line": 22}
    reply = await review(github, HERE, {**HERE, "side": "LEFT"}, span)
    assert reply.status == 200
    path = f"{PULL}/reviews"
    assert github_judges.openapi.check_answer("POST", path, 200, reply.body) == []
    assert reply.body["state"] == "COMMENTED"
    listed = await github.caller.get(f"{PULL}/comments")
    places = [
        (c["side"], c["line"], c["start_side"], c["start_line"]) for c in listed.body
    ]
    assert places == [
        ("RIGHT", 20, None, None),
        ("LEFT", 20, None, None),
        ("RIGHT", 22, "LEFT", 18),
    ]
    assert listed.body[0]["diff_hunk"].splitlines()[-1] == "+twenty"
    assert listed.body[1]["diff_hunk"].splitlines()[-1] == "-line 20"


BAD = {
    "outside the hunks": {**HERE, "line": 30},
    "the wrong side": {**HERE, "path": "old.py", "line": 1},
    "a file that did not change": {**HERE, "path": "docs/x.md", "line": 1},
    "two hunks": {**HERE, "start_line": 20, "line": 50},
    "backwards": {**HERE, "start_line": 21, "line": 20},
    "from the same line": {**HERE, "start_line": 20},
    "no text": {**HERE, "body": " "},
    "too much text": {**HERE, "body": "x" * 65_537},
    "no line": {"path": "a.py", "body": "Why?"},
    "no such side": {**HERE, "side": "MIDDLE"},
    "a start side that is none": {**HERE, "start_line": 18, "start_side": "side"},
    "a position that is none": {"path": "a.py", "position": 99, "body": "Why?"},
    "a whole file": {**HERE, "subject_type": "file"},
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
async def test_one_bad_comment_refuses_the_whole_review(
    bad: dict[str, object], github: SimulatedGitHub
) -> None:
    """Nothing is posted, and nothing says which comment it was."""
    reply = await review(github, HERE, bad)
    assert reply.status == 422
    assert "Why?" not in str(reply.body)
    assert github.simulator.reviews(REPO, 1) == []
    assert github.simulator.review_comments(REPO, 1) == []


async def test_positions_still_work(github: SimulatedGitHub) -> None:
    """The old way to name a line counts from the file's first hunk header."""
    assert (
        await review(github, {"path": "a.py", "position": 5, "body": "x"})
    ).status == 200
    (comment,) = github.simulator.review_comments(REPO, 1)
    assert (comment["line"], comment["side"]) == (20, "RIGHT")


@pytest.mark.parametrize(
    "wrong",
    [
        {"event": "SHOUT"},
        {"body": ""},
        {"body": "x" * 65_537},
        {"body": 7},
        {"comments": {}},
        {"commit_id": "0" * 40},
        {"unknown": 1},
        {"event": "REQUEST_CHANGES", "body": ""},
    ],
)
async def test_a_review_that_github_would_not_take_is_refused(
    wrong: dict[str, object], github: SimulatedGitHub
) -> None:
    """Bad events, empty or endless texts, strange commits and keys."""
    assert (await review(github, **wrong)).status == 422
    assert github.simulator.reviews(REPO, 1) == []


async def test_more_than_thirty_comments_fail(github: SimulatedGitHub) -> None:
    """Thirty go through, thirty-one take long and come to nothing."""
    assert (await review(github, *[HERE] * 31)).status == 502
    assert github.simulator.reviews(REPO, 1) == []
    assert (await review(github, *[HERE] * 30)).status == 200


async def test_nobody_judges_their_own_pull_request(github: SimulatedGitHub) -> None:
    """Comments on it are fine; approval is not."""
    number = await github.simulator.open_pull(
        REPO, base="main", head="feature", user="nofx[bot]"
    )
    path = f"/repos/{REPO}/pulls/{number}/reviews"
    refused = await github.caller.post(path, {"event": "APPROVE", "body": "Fine"})
    assert refused.status == 422
    assert "approve your own" in refused.body["errors"][0]


async def test_a_pending_review_is_seen_by_its_author_until_submitted(
    github: SimulatedGitHub, github_judges: GitHubJudges
) -> None:
    """One at a time; it is shown, changed, submitted, and then cannot be deleted."""
    made = await github.caller.post(f"{PULL}/reviews", {"comments": [HERE]})
    own = f"{PULL}/reviews/{made.body['id']}"
    assert made.body["state"] == "PENDING"
    assert (await review(github)).status == 422
    assert (await github.caller.get(f"{PULL}/comments")).body == []
    inside = await github.caller.get(f"{own}/comments")
    assert "line" not in inside.body[0]
    checked = github_judges.openapi.check_answer
    assert checked("GET", f"{own}/comments", 200, inside.body) == []
    single = {**HERE, "commit_id": github.head}
    assert (await github.caller.post(f"{PULL}/comments", single)).status == 422
    changed = await github.caller.send("PUT", own, {"body": "Read"})
    assert changed.body["body"] == "Read"
    done = await github.caller.post(f"{own}/events", {"event": "COMMENT"})
    assert (done.body["state"], done.body["body"]) == ("COMMENTED", "Read")
    assert (
        await github.caller.post(f"{own}/events", {"event": "COMMENT"})
    ).status == 422
    assert (await github.caller.send("DELETE", own)).status == 422
    assert len((await github.caller.get(f"{PULL}/comments")).body) == 1


async def test_a_pending_review_is_deleted_with_its_comments(
    github: SimulatedGitHub,
) -> None:
    """What a crash left behind can be cleared away."""
    made = await github.caller.post(f"{PULL}/reviews", {"comments": [HERE]})
    own = f"{PULL}/reviews/{made.body['id']}"
    assert (await github.caller.send("DELETE", own)).status == 200
    assert (await github.caller.get(own)).status == 404
    assert github.simulator.review_comments(REPO, 1) == []


async def test_a_verdict_can_be_dismissed_a_comment_cannot(
    github: SimulatedGitHub,
) -> None:
    """Only approvals and requests for changes can be taken back."""
    judged = await review(github, event="REQUEST_CHANGES")
    path = f"{PULL}/reviews/{judged.body['id']}/dismissals"
    done = await github.caller.send("PUT", path, {"message": "Old"})
    assert done.body["state"] == "DISMISSED"
    remark = await review(github)
    path = f"{PULL}/reviews/{remark.body['id']}/dismissals"
    assert (await github.caller.send("PUT", path, {"message": "Old"})).status == 422


async def test_single_comments_go_on_lines_and_whole_files(
    github: SimulatedGitHub, github_judges: GitHubJudges
) -> None:
    """Each makes a review of its own; a file comment has no line."""
    path = f"{PULL}/comments"
    line = await github.caller.post(path, {**HERE, "commit_id": github.head})
    file = await github.caller.post(
        path,
        {
            "path": "old.py",
            "subject_type": "file",
            "body": "Whole",
            "commit_id": github.head,
        },
    )
    judge = github_judges.openapi.check_answer
    assert (line.status, file.status) == (201, 201)
    assert judge("POST", path, 201, line.body) == []
    # The description does not say that a file's comment has no line; GitHub's has.
    assert judge("POST", path, 201, {**file.body, "line": 1, "original_line": 1}) == []
    assert (file.body["line"], file.body["subject_type"]) == (None, "file")
    assert len(github.simulator.reviews(REPO, 1)) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"line": 30},
        {"path": "nope.py"},
        {"commit_id": "0" * 40},
        {"commit_id": None},
        {"body": ""},
        {"what": 1},
    ],
)
async def test_a_single_comment_that_cannot_stand_is_refused(
    wrong: dict[str, object], github: SimulatedGitHub
) -> None:
    """Here GitHub does name the field."""
    body = {**HERE, "commit_id": github.head, **wrong}
    assert (await github.caller.post(f"{PULL}/comments", body)).status == 422


async def test_comments_are_answered_changed_and_deleted(
    github: SimulatedGitHub,
) -> None:
    """Replies join the thread's first comment, whichever was answered."""
    await review(github, HERE)
    (first,) = github.simulator.review_comments(REPO, 1)
    path = f"{PULL}/comments/{first['id']}/replies"
    one = await github.caller.post(path, {"body": "One"})
    two = await github.caller.post(
        f"{PULL}/comments", {"body": "Two", "in_reply_to": one.body["id"]}
    )
    assert two.body["in_reply_to_id"] == first["id"]
    own = f"/repos/{REPO}/pulls/comments/{two.body['id']}"
    changed = await github.caller.send("PATCH", own, {"body": "Three"})
    assert changed.body["body"] == "Three"
    assert (await github.caller.get(own)).body["body"] == "Three"
    newest = await github.caller.get(f"{PULL}/comments?direction=desc")
    assert [c["body"] for c in newest.body] == ["Three", "One", "Why?"]
    assert (await github.caller.send("DELETE", own)).status == 204
    assert (await github.caller.get(own)).status == 404
    lost = await github.caller.post(f"{PULL}/comments/9/replies", {"body": "x"})
    assert lost.status == 404

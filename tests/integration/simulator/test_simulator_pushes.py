"""What a push does to the comments of a review in the simulator."""

import asyncio

from tests.fakes.github_caller import Reply
from tests.fakes.simulated_github import REPO, SimulatedGitHub, lines

PULL = f"/repos/{REPO}/pulls/1"
HERE = {"path": "a.py", "line": 20, "body": "Why?"}


async def review(github: SimulatedGitHub, *comments: object, **more: object) -> Reply:
    """Create a review with these comments."""
    body = {"event": "COMMENT", "body": "Seen", "comments": list(comments), **more}
    return await github.caller.post(f"{PULL}/reviews", body)


async def test_lines_move_with_a_push_or_go_stale(github: SimulatedGitHub) -> None:
    """Comments follow their code; where it changed, `line` is gone for good."""
    both = {**HERE, "start_line": 19}
    old = {**HERE, "side": "LEFT"}
    fifty = {**HERE, "line": 50}
    await review(github, HERE, both, old, fifty)
    text = "first\n" + lines({20: "twenty", 50: "FIFTY"})
    head = github.repository.commit({"a.py": text}, branch="feature")
    await github.simulator.push(REPO, 1, head)
    found = github.simulator.review_comments(REPO, 1)
    assert [c["line"] for c in found] == [21, 21, 20, None]
    assert [c["start_line"] for c in found] == [None, 20, None, None]
    assert [c["original_line"] for c in found] == [20, 20, 20, 50]
    assert [c["commit_id"] for c in found[:1]] == [head]
    assert found[3]["position"] is None


async def test_a_comment_goes_stale_when_its_file_or_hunk_goes(
    github: SimulatedGitHub,
) -> None:
    """An undone change takes its hunk, an undone file its comments."""
    file = {"path": "new.py", "subject_type": "file", "body": "x"}
    await github.caller.post(f"{PULL}/comments", {**file, "commit_id": github.head})
    await review(github, HERE, {**HERE, "line": 50}, {**HERE, "start_line": 18})
    text = lines({50: "fifty"})
    head = github.repository.commit({"a.py": text, "new.py": None}, branch="feature")
    await github.simulator.push(REPO, 1, head)
    found = github.simulator.review_comments(REPO, 1)
    assert [c["line"] for c in found] == [None, None, 50, None]


async def test_a_force_push_rewrites_the_commit_of_reviews(
    github: SimulatedGitHub,
) -> None:
    """An ordinary push leaves it."""
    await review(github, HERE)
    head = github.repository.commit({"b.py": "b\n"}, branch="feature")
    await github.simulator.push(REPO, 1, head)
    (shown,) = github.simulator.reviews(REPO, 1)
    assert shown["commit_id"] == github.head
    forced = github.repository.commit(
        {"b.py": "c\n"}, branch="feature", start=github.base
    )
    await github.simulator.push(REPO, 1, forced)
    (shown,) = github.simulator.reviews(REPO, 1)
    assert shown["commit_id"] == forced


async def test_an_older_commit_can_still_be_reviewed(github: SimulatedGitHub) -> None:
    """Its own diff judges the lines."""
    head = github.repository.commit({"a.py": lines()}, branch="feature")
    await github.simulator.push(REPO, 1, head)
    assert (await review(github, HERE)).status == 422
    old = await review(github, HERE, commit_id=github.head)
    assert old.body["commit_id"] == github.head
    single = {**HERE, "commit_id": github.head}
    made = await github.caller.post(f"{PULL}/comments", single)
    # The line that they are about is gone from the head.
    assert (made.body["line"], made.body["original_line"]) == (None, 20)
    assert [c["line"] for c in github.simulator.review_comments(REPO, 1)] == [None] * 2


async def test_a_push_is_seen_whole_or_not_at_all(github: SimulatedGitHub) -> None:
    """Whoever reads meanwhile gets a head and a diff that belong together."""
    changed = {"a.py": lines({20: "x"}), "z.py": "z\n"}
    head = github.repository.commit(changed, branch="feature")
    pushing = asyncio.create_task(github.simulator.push(REPO, 1, head))
    seen = set()
    while not pushing.done():
        shown = (await github.caller.get(PULL)).body
        seen.add((shown["head"]["sha"], shown["changed_files"]))
        await review(github, HERE)
    await pushing
    assert seen <= {(github.head, 3), (head, 4)}
    comments = github.simulator.review_comments(REPO, 1)
    assert comments
    places = {(c["original_commit_id"], c["line"]) for c in comments}
    assert places <= {(github.head, None), (head, 20)}

"""A review is posted in one call, survives bad anchors, and is never posted twice."""

from typing import Any

import pytest

from bot.github.anchor_check import sort_comments
from bot.github.file_list import Comparison, Missing
from bot.github.markers import effect_marker, finding_marker
from bot.github.review_draft import TOO_MANY, DraftComment, ReviewDraft
from bot.github.reviews_rest import (
    existing_fingerprints,
    find_review,
    publish_review,
    resume_review,
)
from core.errors import GitHubInvalidError, UnclearAnswerError
from core.review.anchors import Anchor
from core.review.findings import Side
from tests.fakes.github_script import Reply, Scene, scene

US = "nofx[bot]"
MARKER = effect_marker("run_1", "review")
REVIEWS = "/repos/o/r/pulls/5/reviews"
COMMENTS = "/repos/o/r/pulls/5/comments"
PENDING = "/repos/o/r/pulls/5/reviews/2"
OF_REVIEW = "/repos/o/r/pulls/5/reviews/77/comments"
COMPARE = "/repos/o/r/compare/base...head"
REFUSED = Reply(status=422, data={"message": "Unprocessable Entity", "errors": ["no"]})
LOST = Reply(drop=True)
DIFF = b"""diff --git a/a.py b/a.py
--- a/a.py
+++ b/a.py
@@ -1,2 +1,3 @@
 x
+y
 z
@@ -11,2 +12,2 @@
-x
+y
 z
"""
PULL = {
    "number": 5,
    "head": {"sha": "head", "ref": "f", "repo": None},
    "base": {"sha": "base", "ref": "main", "repo": {"full_name": "o/r"}},
}


def named(number: int) -> str:
    """Return the nth fingerprint."""
    return f"{number:032x}"


def remark(number: int, **fields: Any) -> DraftComment:
    """Return the nth comment, on the added line of a.py."""
    known: dict[str, Any] = {"path": "a.py", "side": Side.RIGHT, "start_line": None}
    return DraftComment(
        anchor=Anchor(**known | {"line": 2} | fields),
        body="Mind the gap.",
        fingerprint=named(number),
    )


def draft(*comments: DraftComment) -> ReviewDraft:
    """Return a review with these comments."""
    return ReviewDraft(
        body="I read it.", comments=comments, commit_sha="head", marker=MARKER
    )


def review(number: int = 77, **fields: Any) -> dict[str, Any]:
    """Return a review as GitHub shows it."""
    data = {"id": number, "user": {"login": US}, "state": "COMMENTED", "body": MARKER}
    return data | {"html_url": f"https://x/{number}"} | fields


def posted(number: int, **fields: Any) -> dict[str, Any]:
    """Return the nth comment as GitHub shows it, with id 100 + n."""
    body = f"Mind the gap.\n\n{finding_marker(named(number))}"
    data = {"id": 100 + number, "user": {"login": US}, "body": body, "line": None}
    return data | {"pull_request_review_id": 77} | fields


def stage(s: Scene, *, listed: list[Any], taken: list[Any]) -> None:
    """Let GitHub list these reviews, and show these comments of review 77."""
    s.hub.on("GET", REVIEWS, Reply(data=listed))
    s.hub.on("GET", OF_REVIEW, Reply(data=taken))
    s.hub.on("GET", "/repos/o/r/pulls/5", Reply(data=PULL))
    s.hub.on("GET", COMPARE, Reply(raw=DIFF))


def sent(s: Scene, path: str) -> list[Any]:
    """Return what was posted to this path."""
    return [call.data for call in s.hub.made("POST", path)]


async def test_a_review_is_one_call_with_all_its_comments() -> None:
    """Body, comments and markers in one request, as a comment and not a verdict."""
    async with scene() as s:
        stage(s, listed=[], taken=[posted(1), posted(2), posted(3, body="Hm.")])
        s.hub.on("POST", REVIEWS, Reply(data=review()))
        ours = draft(remark(1), remark(2, start_line=1))
        result = await publish_review(s.gh, "o/r", 5, ours, US)
        assert (result.review_id, result.html_url) == (77, "https://x/77")
        assert result.posted == {named(1): 101, named(2): 102}
        assert result.demoted == {}
        [data] = sent(s, REVIEWS)
        assert data["event"] == "COMMENT"
        assert data["commit_id"] == "head"
        assert data["body"] == f"I read it.\n\n{MARKER}"
        first, second = data["comments"]
        assert first == {
            "path": "a.py",
            "side": "RIGHT",
            "line": 2,
            "body": f"Mind the gap.\n\n{finding_marker(named(1))}",
        }
        assert (second["start_line"], second["start_side"]) == (1, "RIGHT")


async def test_the_thirty_first_comment_is_demoted() -> None:
    """GitHub fails on large reviews; nothing is lost without a word."""
    async with scene() as s:
        stage(s, listed=[], taken=[posted(n) for n in range(30)])
        s.hub.on("POST", REVIEWS, Reply(data=review()))
        many = draft(*(remark(n) for n in range(32)))
        result = await publish_review(s.gh, "o/r", 5, many, US)
        assert len(sent(s, REVIEWS)[0]["comments"]) == 30
        assert result.demoted == {named(30): TOO_MANY, named(31): TOO_MANY}


async def test_our_orphaned_pending_review_goes() -> None:
    """A crash can leave one; GitHub refuses a second of a user. Others' stay."""
    listed = [review(1, state="PENDING", user={"login": "eve"}), review(3)]
    async with scene() as s:
        stage(s, listed=[review(2, state="PENDING"), *listed], taken=[])
        s.hub.on("DELETE", PENDING, Reply(status=404, data={"message": "Not Found"}))
        s.hub.on("POST", REVIEWS, REFUSED, Reply(data=review()))
        await publish_review(s.gh, "o/r", 5, draft(), US)
        deleted = [call.path for call in s.hub.calls if call.method == "DELETE"]
        assert deleted == [PENDING]


async def test_a_pending_review_that_is_submitted_meanwhile_is_read_back() -> None:
    """It may be this one, by another road; posting again would double it."""
    async with scene() as s:
        stage(s, listed=[review(2, state="PENDING")], taken=[])
        s.hub.on("DELETE", PENDING, REFUSED)
        s.hub.on("POST", REVIEWS, REFUSED)
        with pytest.raises(UnclearAnswerError):
            await publish_review(s.gh, "o/r", 5, draft(remark(1)), US)
        assert len(sent(s, REVIEWS)) == 1


async def test_one_bad_anchor_costs_only_its_own_comment() -> None:
    """The second call carries the good ones; the bad one belongs in the summary."""
    async with scene() as s:
        stage(s, listed=[], taken=[posted(1)])
        s.hub.on("POST", REVIEWS, REFUSED, Reply(data=review()))
        both = draft(remark(1), remark(2, line=9))
        result = await publish_review(s.gh, "o/r", 5, both, US)
        assert result.posted == {named(1): 101}
        assert list(result.demoted) == [named(2)]
        assert "outside the changed parts" in result.demoted[named(2)]
        first, second = sent(s, REVIEWS)
        assert (len(first["comments"]), len(second["comments"])) == (2, 1)
        assert sent(s, COMMENTS) == []


async def test_what_nobody_can_judge_is_tried_alone() -> None:
    """The diff is too large to show the file: GitHub decides, comment by comment."""
    huge = {"filename": "huge.sql", "status": "modified", "additions": 90_000}
    too_big = Reply(status=406, data={"message": "Sorry, too large"})
    async with scene() as s:
        s.hub.on("GET", COMPARE, too_big, Reply(data={"files": [huge]}))
        stage(s, listed=[], taken=[])
        s.hub.on("POST", REVIEWS, REFUSED, Reply(data=review()))
        s.hub.on("POST", COMMENTS, Reply(data=posted(1)), REFUSED)
        unsure = draft(remark(1, path="huge.sql"), remark(2, path="huge.sql", line=5))
        result = await publish_review(s.gh, "o/r", 5, unsure, US)
        assert result.posted == {named(1): 101}
        assert "GitHub says: Unprocessable Entity" in result.demoted[named(2)]
        assert [data["commit_id"] for data in sent(s, COMMENTS)] == ["head", "head"]


async def test_good_anchors_refused_twice_are_tried_alone() -> None:
    """GitHub knows better than our diff; the review itself still stands."""
    async with scene() as s:
        stage(s, listed=[], taken=[])
        s.hub.on("POST", REVIEWS, REFUSED, REFUSED, Reply(data=review()))
        s.hub.on("POST", COMMENTS, Reply(data=posted(1)))
        result = await publish_review(s.gh, "o/r", 5, draft(remark(1)), US)
        assert result.posted == {named(1): 101}
        assert sent(s, REVIEWS)[-1]["comments"] == []


@pytest.mark.parametrize("comments", [(), (remark(1, line=9),)])
async def test_a_review_refused_for_itself_is_told(
    comments: tuple[DraftComment, ...],
) -> None:
    """Without comments there is nothing to filter: the caller hears GitHub's reason."""
    async with scene() as s:
        stage(s, listed=[], taken=[])
        s.hub.on("POST", REVIEWS, REFUSED)
        with pytest.raises(GitHubInvalidError):
            await publish_review(s.gh, "o/r", 5, draft(*comments), US)


async def test_a_lost_answer_is_found_again_and_nothing_is_posted_twice() -> None:
    """GitHub had done it: the review stands, with its comments."""
    async with scene() as s:
        s.hub.on("GET", REVIEWS, Reply(data=[review()]))
        s.hub.on("POST", REVIEWS, LOST)
        s.hub.on("GET", COMMENTS, Reply(data=[posted(1)]))
        ours = draft(remark(1))
        with pytest.raises(UnclearAnswerError):
            await publish_review(s.gh, "o/r", 5, ours, US)
        result = await resume_review(s.gh, "o/r", 5, ours, US)
        assert result is not None
        assert result.posted == {named(1): 101}
        assert len(sent(s, REVIEWS)) == 1


async def test_a_publishing_that_broke_off_goes_on_where_it_was() -> None:
    """One comment stands, one can be posted, one GitHub does not take."""
    async with scene() as s:
        stage(s, listed=[review()], taken=[])
        s.hub.on("GET", COMMENTS, Reply(data=[posted(1)]))
        s.hub.on("POST", COMMENTS, Reply(data=posted(2)), REFUSED)
        ours = draft(remark(1), remark(2), remark(3, line=9))
        result = await resume_review(s.gh, "o/r", 5, ours, US)
        assert result is not None
        assert result.posted == {named(1): 101, named(2): 102}
        assert list(result.demoted) == [named(3)]


async def test_a_review_that_never_arrived_is_to_be_published() -> None:
    """No marker of ours, no review."""
    async with scene() as s:
        stage(s, listed=[], taken=[])
        assert await resume_review(s.gh, "o/r", 5, draft(remark(1)), US) is None


async def test_a_forged_marker_is_not_ours() -> None:
    """Nor is our own review of another run, nor one that is still pending."""
    listed = [
        review(1, user={"login": "mallory"}),
        review(2, body="another"),
        review(3, state="PENDING"),
        review(4),
    ]
    async with scene() as s:
        stage(s, listed=listed, taken=[])
        found = await find_review(s.gh, "o/r", 5, MARKER, US)
        assert found is not None
        assert found.id == 4


async def test_findings_on_the_pull_request_are_known_by_author_and_marker() -> None:
    """Replies quote, strangers forge, people write without markers."""
    listed = [
        posted(1),
        posted(1, id=555),
        posted(2, user={"login": "mallory"}),
        posted(3, in_reply_to_id=101),
        posted(4, body="no marker"),
        posted(5, body=f"{finding_marker(named(5))} and more"),
    ]
    async with scene() as s:
        s.hub.on("GET", COMMENTS, Reply(data=listed))
        found = await existing_fingerprints(s.gh, "o/r", 5, US)
        assert found == {named(1): 101}


@pytest.mark.parametrize(
    ("fields", "stands"),
    [
        ({"line": 2}, True),
        ({"line": 3}, True),
        ({"line": 4}, False),
        ({"line": 3, "start_line": 1}, True),
        ({"line": 13, "start_line": 2}, False),
        ({"line": 1, "start_line": 2}, False),
        ({"line": 11, "side": Side.LEFT}, True),
        ({"line": 10, "side": Side.LEFT}, False),
        ({"path": "other.py"}, False),
    ],
)
def test_a_line_stands_in_a_hunk_and_a_range_in_one(
    *, fields: dict[str, Any], stands: bool
) -> None:
    """Added and context lines on the right, removed and context on the left."""
    comment = remark(1, **fields)
    kinds = sort_comments((comment,), Comparison(data=DIFF))
    assert (kinds.valid == (comment,)) is stands
    assert (list(kinds.invalid) == [named(1)]) is not stands


def test_an_unreadable_or_incomplete_diff_judges_nothing() -> None:
    """Unknown is not wrong."""
    there, elsewhere = remark(1), remark(2, path="other.py")
    cut = Comparison(data=DIFF[:60])
    assert sort_comments((there,), cut).unknown == (there,)
    gap = Missing(path=None, reason="the list ends here")
    more = Comparison(data=DIFF, missing=(gap,))
    kinds = sort_comments((there, elsewhere), more)
    assert (kinds.valid, kinds.unknown) == ((there,), (elsewhere,))

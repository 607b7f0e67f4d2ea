"""Pull requests, their diffs and files, also when GitHub finds them too large."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github.file_list import CUT_SHORT, NO_TEXT, TOO_LARGE, assemble
from bot.github.pulls import compare_diff, file_at, get_pull
from bot.github.values import ChangedFile, decode
from core.errors import GitHubInvalidError, HeadMovedError
from core.review.hunks import parse_diff
from tests.fakes.github_script import Reply, scene

PULL = {
    "number": 5,
    "title": "Mend the gap",
    "head": {"sha": "h" * 40, "ref": "feature", "repo": {"full_name": "o/r"}},
    "base": {"sha": "b" * 40, "ref": "main", "repo": {"full_name": "o/r"}},
    "user": {"login": "alice"},
}
COMPARE = "/repos/o/r/compare/base...head"
TOO_BIG = Reply(status=406, data={"message": "Sorry, the diff exceeded the maximum"})
MODIFIED = {
    "filename": "a.py",
    "status": "modified",
    "additions": 1,
    "deletions": 1,
    "patch": "@@ -1,2 +1,2 @@\n-x\n+y\n z",
}


def changed(**fields: Any) -> ChangedFile:
    """Return an entry of GitHub's list of files."""
    return decode(ChangedFile, MODIFIED | fields, "/files")


async def test_a_pull_request_is_read() -> None:
    """Its number, title, author and commits."""
    async with scene() as s:
        s.hub.on("GET", "/repos/o/r/pulls/5", Reply(data=PULL))
        pull = await get_pull(s.gh, "o/r", 5)
        assert (pull.number, pull.title, pull.author) == (5, "Mend the gap", "alice")
        assert (pull.head_sha, pull.base_ref) == ("h" * 40, "main")


async def test_a_diff_is_taken_byte_by_byte() -> None:
    """Files need not be UTF-8."""
    diff = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-\xff\n+\xfe\n"
    async with scene() as s:
        s.hub.on("GET", COMPARE, Reply(raw=diff))
        comparison = await compare_diff(s.gh, "o/r", "base", "head")
        assert (comparison.data, comparison.missing) == (diff, ())
        [call] = s.hub.made("GET", COMPARE)
        assert call.headers["Accept"] == "application/vnd.github.diff"


async def test_a_diff_too_large_is_put_together_from_the_list() -> None:
    """What the list does not show is named."""
    huge = {"filename": "huge.sql", "status": "modified", "additions": 90_000}
    async with scene() as s:
        s.hub.on("GET", COMPARE, TOO_BIG, Reply(data={"files": [MODIFIED, huge]}))
        comparison = await compare_diff(s.gh, "o/r", "base", "head")
        [file] = parse_diff(comparison.data).files
        assert file.path == "a.py"
        [gap] = comparison.missing
        assert (gap.path, gap.reason) == ("huge.sql", TOO_LARGE)


async def test_a_known_pull_request_lists_ten_times_more_files() -> None:
    """Its list is read page by page, if its head is still the same."""
    async with scene() as s:
        s.hub.on("GET", COMPARE, TOO_BIG)
        s.hub.on("GET", "/repos/o/r/pulls/5/files", Reply(data=[MODIFIED]))
        now = PULL | {"head": {"sha": "head", "ref": "feature", "repo": None}}
        s.hub.on("GET", "/repos/o/r/pulls/5", Reply(data=PULL), Reply(data=now))
        with pytest.raises(HeadMovedError, match="moved from head to hhh"):
            await compare_diff(s.gh, "o/r", "base", "head", number=5)
        comparison = await compare_diff(s.gh, "o/r", "base", "head", number=5)
        assert [file.path for file in parse_diff(comparison.data).files] == ["a.py"]


async def test_any_other_refusal_of_a_diff_is_told() -> None:
    """Only "too large" has a second way."""
    async with scene() as s:
        s.hub.on("GET", COMPARE, Reply(status=422, data={"message": "No common base"}))
        with pytest.raises(GitHubInvalidError, match="No common base"):
            await compare_diff(s.gh, "o/r", "base", "head")


async def test_a_file_is_read_at_a_commit() -> None:
    """Its name may hold anything, its bytes too."""
    path = "/repos/o/r/contents/a%20b/%23%7B%7D%3F%FF.py"
    async with scene() as s:
        s.hub.on("GET", path, Reply(raw=b"\xff\x00"))
        assert await file_at(s.gh, "o/r", "a b/#{}?\udcff.py", "sha") == b"\xff\x00"
        [call] = s.hub.made("GET", path)
        assert call.query == {"ref": "sha"}


async def test_what_is_no_readable_file_is_none() -> None:
    """Missing, too large, or a folder."""
    async with scene() as s:
        s.hub.on("GET", "/repos/o/r/contents/large", Reply(raw=b"x" * 11))
        s.hub.on("GET", "/repos/o/r/contents/folder", Reply(data=[{"name": "x"}]))
        for name in ("missing", "large", "folder"):
            assert await file_at(s.gh, "o/r", name, "sha", max_bytes=10) is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"patch": None}, TOO_LARGE),
        ({"patch": None, "additions": 0, "deletions": 0}, NO_TEXT),
        ({"additions": 2}, CUT_SHORT),
    ],
)
def test_a_file_without_its_whole_patch_is_named(
    fields: dict[str, Any], reason: str
) -> None:
    """Never green unread: the gap has a reason."""
    comparison = assemble([changed(**fields)], list_limit=300)
    assert comparison.data == b""
    assert [(gap.path, gap.reason) for gap in comparison.missing] == [("a.py", reason)]


def test_a_list_at_its_end_says_that_there_may_be_more() -> None:
    """GitHub stops at a round number without a word."""
    comparison = assemble([changed(), changed(filename="b.py")], list_limit=2)
    [gap] = comparison.missing
    assert gap.path is None
    assert "no more than 2 changed files" in gap.reason


NAMES = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="/\x00"),
    min_size=1,
    max_size=12,
).filter(lambda name: name not in (".", ".."))


@given(name=NAMES, old=NAMES, status=st.sampled_from(["added", "removed", "modified"]))
def test_a_diff_from_the_list_reads_like_gits(name: str, old: str, status: str) -> None:
    """Whatever the file's name, our own parser reads the same file back."""
    file = changed(filename=name, status=status)
    if status == "added":
        file = changed(
            filename=name, status=status, deletions=0, patch="@@ -0,0 +1 @@\n+y"
        )
    elif status == "removed":
        file = changed(
            filename=name, status=status, additions=0, patch="@@ -1 +0,0 @@\n-y"
        )
    moved = changed(filename=name, previous_filename=f"{old}.old", status="renamed")
    pure = changed(
        filename=f"{name}.x",
        previous_filename=f"{old}.y",
        status="renamed",
        patch=None,
        additions=0,
        deletions=0,
    )
    diff = parse_diff(assemble([file, moved, pure], list_limit=300).data)
    seen = [(part.path, part.old_path, part.status.value) for part in diff.files]
    assert seen == [
        (name, None, status),
        (name, f"{old}.old", "renamed"),
        (f"{name}.x", f"{old}.y", "renamed"),
    ]
    assert [len(part.hunks) for part in diff.files] == [1, 1, 0]

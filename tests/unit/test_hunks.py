"""Diffs as git writes them, file by file and line by line."""

from pathlib import Path

import pytest

from core.review.findings import Side
from core.review.hunks import Diff, FilePatch, Hunk, LineKind, Status, parse_diff
from tests.fakes.git_repository import GitRepository

HEAD = b"diff --git a/x.py b/x.py\nindex 1111111..2222222 100644\n"
NAMES = b"--- a/x.py\n+++ b/x.py\n"
ONE = HEAD + NAMES + b"@@ -1,2 +1,3 @@ def f():\n a\n-b\n+c\n+d\n"


def only(data: bytes) -> FilePatch:
    """Return the one file of a diff."""
    (file,) = parse_diff(data).files
    return file


def hunk(data: bytes) -> Hunk:
    """Return the one hunk of a diff of one file."""
    (found,) = only(data).hunks
    return found


def test_a_changed_file_shows_its_lines_with_both_numbers() -> None:
    """Added lines have a new number, removed ones an old one, context both."""
    file = only(ONE)
    assert (file.path, file.old_path, file.status) == ("x.py", None, Status.MODIFIED)
    assert (file.old_mode, file.new_mode, file.binary) == ("100644", "100644", False)
    (found,) = file.hunks
    assert (found.id, found.section) == ("x.py:0", "def f():")
    assert found.body == b" a\n-b\n+c\n+d"
    assert found.raw.startswith(b"@@ -1,2 +1,3 @@ def f():\n a\n")
    assert [(line.kind, line.old, line.new, line.text) for line in found.lines()] == [
        (LineKind.CONTEXT, 1, 1, "a"),
        (LineKind.REMOVED, 2, None, "b"),
        (LineKind.ADDED, None, 2, "c"),
        (LineKind.ADDED, None, 3, "d"),
    ]


def test_the_line_index_of_both_sides() -> None:
    """The head's lines are commentable on the right, the base's on the left."""
    file = only(ONE + b"@@ -11,2 +12 @@\n-e\n f\n")
    assert list(file.commentable(Side.RIGHT)) == [1, 2, 3, 12]
    assert list(file.commentable(Side.LEFT)) == [1, 2, 11, 12]
    second = file.hunk_at(Side.LEFT, 11)
    assert second is not None
    assert second.id == "x.py:1"
    assert file.hunk_at(Side.RIGHT, 11) is None


def test_a_removed_line_that_reads_like_a_file_header() -> None:
    """Two dashes of an SQL comment do not start a new file."""
    data = HEAD + NAMES + b"@@ -1,2 +1,2 @@\n--- a/y.sql\n+++ b/y.sql\n @@ -1 +1 @@\n"
    assert [line.text for line in hunk(data).lines()] == [
        "-- a/y.sql",
        "++ b/y.sql",
        "@@ -1 +1 @@",
    ]


@pytest.mark.parametrize(
    ("header", "body", "spans"),
    [
        (b"@@ -0,0 +1 @@", b"+a\n", ((0, 0), (1, 1))),
        (b"@@ -1 +0,0 @@", b"-a\n", ((1, 1), (0, 0))),
        (b"@@ -7 +7 @@", b"-a\n+b\n", ((7, 1), (7, 1))),
        (b"@@ -7,0 +8,2 @@ x", b"+a\n+b\n", ((7, 0), (8, 2))),
    ],
)
def test_counts_that_are_left_out_are_one(
    header: bytes, body: bytes, spans: tuple[tuple[int, int], tuple[int, int]]
) -> None:
    """A hunk header may leave a count out, and may count nothing."""
    found = hunk(HEAD + NAMES + header + b"\n" + body)
    assert (found.old_start, found.old_count) == spans[0]
    assert (found.new_start, found.new_count) == spans[1]
    assert len(found.lines()) == body.count(b"\n")


def test_a_missing_newline_is_told_of_the_right_line() -> None:
    """Git's remark belongs to the line before it and is no line itself."""
    mark = b"\\ No newline at end of file\n"
    found = hunk(HEAD + NAMES + b"@@ -1 +1 @@\n-a\n" + mark + b"+b\n" + mark)
    assert [(line.text, line.no_newline) for line in found.lines()] == [
        ("a", True),
        ("b", True),
    ]
    found = hunk(HEAD + NAMES + b"@@ -1 +1 @@\n-a\n" + mark + b"+a\n")
    assert [line.no_newline for line in found.lines()] == [True, False]


def test_a_missing_newline_after_an_empty_context_line() -> None:
    """The remark may follow a line of which a mailer left nothing."""
    body = b"-a\n+b\n\n\\ No newline at end of file\n"
    lines = hunk(HEAD + NAMES + b"@@ -1,2 +1,2 @@\n" + body).lines()
    assert [line.no_newline for line in lines] == [False, False, True]


def test_crlf_content_keeps_its_carriage_returns() -> None:
    """A suggestion must be able to match the file's own line ends."""
    found = hunk(HEAD + NAMES + b"@@ -1 +1 @@\n-a\r\n+b\x0bc\r\n")
    assert [line.text for line in found.lines()] == ["a\r", "b\x0bc\r"]


def test_a_diff_that_was_turned_to_crlf_as_a_whole() -> None:
    """Headers are understood all the same, an empty context line too."""
    data = ONE.replace(b" a\n", b"\n").replace(b"\n", b"\r\n")
    file = only(data)
    assert (file.path, file.new_mode) == ("x.py", "100644")
    assert file.hunks[0].section == "def f():"
    assert [line.text for line in file.hunks[0].lines()] == ["\r", "b\r", "c\r", "d\r"]
    data = b"diff --git a/e b/e\nnew file mode 100644\nindex 0000000..e69de29\n"
    assert only(data.replace(b"\n", b"\r\n")).new_mode == "100644"


def test_context_lines_whose_space_a_mailer_cut_off() -> None:
    """An empty line inside a hunk is an empty line of context, the last one too."""
    found = hunk(HEAD + NAMES + b"@@ -1,4 +1,4 @@\n-a\n+b\n\n c\n\n")
    assert [line.text for line in found.lines()] == ["a", "b", "", "c", ""]
    assert [line.new for line in found.lines()] == [None, 1, 2, 3, 4]


def test_bytes_that_are_not_utf8_do_not_leak_as_surrogates() -> None:
    """Text becomes printable; the bytes themselves stay in the body."""
    found = hunk(HEAD + NAMES + b"@@ -1 +1 @@\n-\xe9\n+\xc3\xa9\n")
    assert [line.text for line in found.lines()] == ["\ufffd", "é"]
    assert found.body == b"-\xe9\n+\xc3\xa9"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            b"new file mode 100755\nindex 0000000..e69de29\n",
            ("x.py", None, Status.ADDED, None, "100755"),
        ),
        (
            b"deleted file mode 100644\nindex e69de29..0000000\n",
            ("x.py", None, Status.REMOVED, "100644", None),
        ),
        (
            b"old mode 100644\nnew mode 100755\n",
            ("x.py", None, Status.CHANGED, "100644", "100755"),
        ),
        (
            b"similarity index 100%\nrename from a b.py\nrename to x.py\n",
            ("x.py", "a b.py", Status.RENAMED, None, None),
        ),
        (
            b"similarity index 100%\ncopy from y.py\ncopy to x.py\n",
            ("x.py", "y.py", Status.COPIED, None, None),
        ),
    ],
)
def test_files_that_change_without_a_hunk(
    lines: bytes,
    expected: tuple[str, str | None, Status, str | None, str | None],
) -> None:
    """Empty files, modes, renames and copies are told by the header alone."""
    file = only(b"diff --git a/x.py b/x.py\n" + lines)
    found = (file.path, file.old_path, file.status, file.old_mode, file.new_mode)
    assert found == expected
    assert (file.hunks, file.binary) == ((), False)


def test_a_rename_with_changes_has_both_names_and_hunks() -> None:
    """The path is the new name; the old one stands beside it."""
    data = (
        b"diff --git a/old name.py b/new.py\nold mode 100644\nnew mode 100755\n"
        b"similarity index 90%\nrename from old name.py\nrename to new.py\n"
        b"index 1111111..2222222\n"
        b"--- a/old name.py\t\n+++ b/new.py\n@@ -1 +1 @@\n-a\n+b\n"
    )
    file = only(data)
    assert (file.path, file.old_path, file.status) == (
        "new.py",
        "old name.py",
        Status.RENAMED,
    )
    assert (file.old_mode, file.new_mode) == ("100644", "100755")
    assert len(file.hunks) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"Binary files a/x.py and b/x.py differ\n",
        b"GIT binary patch\nliteral 3\nKcmZQ%U|;|M\n\nliteral 0\nHcmV?d00001\n\n",
        b"GIT binary patch\ndelta 3\nKcmZQ%U|;|M\n\nliteral 0\nHcmV?d00001\n\n",
    ],
)
def test_a_binary_file_says_so_and_the_next_file_is_found(content: bytes) -> None:
    """Neither of git's ways to show a binary change hides what follows."""
    first, second = parse_diff(HEAD + content + ONE.replace(b"x.py", b"y.py")).files
    assert (first.binary, first.hunks, first.status) == (True, (), Status.MODIFIED)
    assert (second.path, second.binary, len(second.hunks)) == ("y.py", False, 1)


@pytest.mark.parametrize(
    ("git", "path"),
    [
        (rb'"{}caf\303\251.py"', "café.py"),
        (rb'"{}\377.py"', "\udcff.py"),
        (rb'"{}a\tb\"c\\d\n.py"', 'a\tb"c\\d\n.py'),
        (rb"{}with space.py", "with space.py"),
        (rb"{}b/b b/b.py", "b/b b/b.py"),
    ],
)
def test_names_that_git_quotes_and_names_with_spaces(git: bytes, path: str) -> None:
    """Names are UTF-8 with surrogateescape, with and without lines that repeat them."""
    old, new = git.replace(b"{}", b"a/"), git.replace(b"{}", b"b/")
    header = b"diff --git " + old + b" " + new + b"\n"
    tab = b"\t" if b" " in git else b""
    names = b"--- " + old + tab + b"\n+++ " + new + tab + b"\n"
    assert only(header + b"old mode 100644\nnew mode 100755\n").path == path
    full = header + b"index 11111..22222 100644\n" + names + b"@@ -1 +1 @@\n-a\n+b\n"
    assert only(full).path == path
    bare = git.replace(b"{}", b"")
    moved = b"similarity index 100%\nrename from y\nrename to " + bare + b"\n"
    assert only(header + moved).path == path


@pytest.mark.parametrize(("old", "new"), [(b"", b""), (b"i/", b"w/"), (b"b/", b"a/")])
def test_other_prefixes_than_a_and_b(old: bytes, new: bytes) -> None:
    """Without prefixes, with git's mnemonic ones, and in a reversed diff."""
    names = b"--- " + old + b"a/x.py\n+++ " + new + b"a/x.py\n"
    header = b"diff --git " + old + b"a/x.py " + new + b"a/x.py\nindex 11111..22222\n"
    assert only(header + names + b"@@ -1 +1 @@\n-a\n+b\n").path == "a/x.py"


def test_two_blobs_compared_under_different_names() -> None:
    """Git compares blobs by name without calling it a rename; both names are kept."""
    data = (
        b"diff --git a/a.py b/b.py\nindex 11111..22222 100644\n"
        b"--- a/a.py\n+++ b/b.py\n@@ -1 +1 @@\n-a\n+b\n"
    )
    assert (only(data).path, only(data).old_path) == ("b.py", "a.py")


def test_a_type_change_names_the_same_path_twice_with_unique_hunks(
    tmp_path: Path,
) -> None:
    """Git removes the file and adds the link; the hunks' ids still differ."""
    link = (
        b"diff --git a/x b/x\ndeleted file mode 100644\nindex 1111111..0000000\n"
        b"--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"
        b"diff --git a/x b/x\nnew file mode 120000\nindex 0000000..2222222\n"
        b"--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+y\n\\ No newline at end of file\n"
    )
    diff = parse_diff(link)
    assert [file.status for file in diff.files] == [Status.REMOVED, Status.ADDED]
    assert [found.id for file in diff.files for found in file.hunks] == ["x:0", "x:1"]
    assert diff.file("x") is diff.files[0]
    assert diff.file("y") is None
    repository = GitRepository(tmp_path / "repo")
    base = repository.commit({"x": "a\n"})
    assert repository.git("apply", "--cached", "--numstat", data=link)
    assert base == repository.head()


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\n"])
def test_no_text_is_an_empty_diff(data: bytes) -> None:
    """Two equal trees have a diff without files."""
    assert parse_diff(data) == Diff(files=())


def test_names_with_dots_that_do_not_climb() -> None:
    """Two dots inside a name are only a name."""
    assert only(ONE.replace(b"x.py", b"a..b/..c")).path == "a..b/..c"

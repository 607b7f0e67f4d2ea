"""Diffs that do not come from `git diff` alone: `diff -u`, mails, logs."""

import pytest

from core.review.hunks import FilePatch, Status, parse_diff

HEAD = b"diff --git a/x.py b/x.py\nindex 1111111..2222222 100644\n"
NAMES = b"--- a/x.py\n+++ b/x.py\n"
ONE = HEAD + NAMES + b"@@ -1,2 +1,3 @@ def f():\n a\n-b\n+c\n+d\n"


def only(data: bytes) -> FilePatch:
    """Return the one file of a diff."""
    (file,) = parse_diff(data).files
    return file


@pytest.mark.parametrize(
    ("old", "new", "path", "old_path", "status"),
    [
        (b"a/x.py", b"b/x.py", "x.py", None, Status.MODIFIED),
        (b"a/x.py\t2026-01-01 10:00", b"b/x.py\t2026", "x.py", None, Status.MODIFIED),
        (b"before/x.py", b"after/x.py", "x.py", None, Status.MODIFIED),
        (b"lib/x.py", b"lib/x.py", "lib/x.py", None, Status.MODIFIED),
        (b"x.py.orig", b"x.py", "x.py", "x.py.orig", Status.MODIFIED),
        (b"a/y.py", b"b/x.py", "x.py", "y.py", Status.MODIFIED),
        (b"/dev/null", b"b/x.py", "x.py", None, Status.ADDED),
        (b"a/x.py", b"/dev/null", "x.py", None, Status.REMOVED),
        (b"x.py", b"/dev/null", "x.py", None, Status.REMOVED),
        (b'"a/\\303\\251"\t2026', b'"b/\\303\\251"', "é", None, Status.MODIFIED),
    ],
)
def test_a_plain_diff_without_git_headers(
    old: bytes, new: bytes, path: str, old_path: str | None, status: Status
) -> None:
    """A first folder that only tells the sides apart is cut off."""
    if status is Status.ADDED:
        body = b"@@ -0,0 +1 @@\n+a\n"
    elif status is Status.REMOVED:
        body = b"@@ -1 +0,0 @@\n-a\n"
    else:
        body = b"@@ -1 +1 @@\n-a\n+b\n"
    file = only(b"--- " + old + b"\n+++ " + new + b"\n" + body)
    assert (file.path, file.old_path, file.status) == (path, old_path, status)


def test_several_plain_files_with_text_between_them() -> None:
    """What `diff -ru` says between files is passed over, binary files are not."""
    data = (
        b"diff -ru before/a.py after/a.py\n--- before/a.py\n+++ after/a.py\n"
        b"@@ -1,2 +1,2 @@\n--- old\n+++ new\n same\n@@ -9 +9 @@\n-a\n+b\n"
        b"Only in after: c.py\n"
        b"Binary files before/d.png and after/d.png differ\n"
        b"diff -ru before/e.py after/e.py\n--- before/e.py\n+++ after/e.py\n"
        b"@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n"
    )
    files = parse_diff(data).files
    assert [(file.path, file.binary, len(file.hunks)) for file in files] == [
        ("a.py", False, 2),
        ("d.png", True, 0),
        ("e.py", False, 1),
    ]


def test_mailed_patches_one_after_another() -> None:
    """Mail headers, diffstats and signatures are no part of a hunk."""
    mail = (
        b"From 1234 Mon Sep 17 00:00:00 2001\nSubject: [PATCH] Say hello\n\n"
        b" * a list\n+ another\n---\n x.py | 3 ++-\n 1 file changed\n\n"
    )
    mode = b"diff --git a/y b/y\nold mode 100644\nnew mode 100755\n"
    end = b"-- \n2.39.5\n\n"
    diff = parse_diff(mail + ONE + end + mail + mode + end + mail + ONE + end)
    assert [file.path for file in diff.files] == ["x.py", "y", "x.py"]
    hunks = [found for file in diff.files for found in file.hunks]
    assert [found.id for found in hunks] == ["x.py:0", "x.py:1"]
    assert all(len(found.lines()) == 4 for found in hunks)


def test_a_log_with_patches() -> None:
    """The commit message behind a hunk ends it."""
    commit = b"commit 1234\nAuthor: Ada\n\n    Say @@ -1 +1 @@\n\n"
    assert len(parse_diff(commit + ONE + b"\n" + commit + ONE).files) == 2

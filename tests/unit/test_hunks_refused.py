"""Texts that are no whole unified diff, or too much of one, are refused politely."""

import tracemalloc
from contextlib import suppress

import pytest

from core.errors import DiffSyntaxError, DiffTooLargeError
from core.review import hunks, parts, quick
from core.review.hunks import parse_diff

HEAD = b"diff --git a/x.py b/x.py\nindex 1111111..2222222 100644\n"
NAMES = b"--- a/x.py\n+++ b/x.py\n"
ONE = HEAD + NAMES + b"@@ -1,2 +1,3 @@ def f():\n a\n-b\n+c\n+d\n"


def refusal(data: bytes) -> tuple[int, str]:
    """Return the line and the reason with which a text is refused."""
    with pytest.raises(DiffSyntaxError) as caught:
        parse_diff(data)
    line, reason = caught.value.facts["line"], caught.value.facts["reason"]
    assert isinstance(line, int)
    return line, str(reason)


NO_HEADER = "no file header (`diff --git`, or `---` and `+++`) in the text"


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"hello\n", 1, NO_HEADER),
        (bytes(range(256)) * 4, 1, NO_HEADER),
        (b"\x1b[1mdiff --git a/x b/x\x1b[m\n\x1b[36m@@ -1 +1 @@\x1b[m\n", 1, NO_HEADER),
        (ONE[:-1], 9, "the last line is cut off"),
        (ONE[:-3], 8, "the hunk ends early: 0 old and 1 new lines are missing"),
        (ONE[:-6], 7, "the hunk ends early: 0 old and 2 new lines are missing"),
        (ONE + b"+e\n", 10, "lines that the hunk's header did not count"),
        (ONE + b"\n-e\n", 10, "lines that the hunk's header did not count"),
        (ONE + b"--- e\n", 10, "lines that the hunk's header did not count"),
        (ONE + b"\\ No newline\n\\ No newline\n", 11, "lines that the hunk's header"),
        (ONE + b"@@ garbage @@\n+e\n", 10, "lines that the hunk's header did not"),
        (ONE + b"@@ -9 +9999999999 @@\n+e\n", 10, "lines that the hunk's header did"),
        (ONE + b"text\n@@ -9 +9 @@\n-e\n+f\n", 11, "a hunk that belongs to no file"),
        (ONE + b"@@ -1 +1 @@\n-e\n+f\n", 10, "a hunk that starts before the last ends"),
        (ONE.replace(b"-b", b"+b"), 9, "the lines do not fit the counts"),
        (ONE.replace(b"+c", b"?c"), 8, "in a hunk each line starts with a space, + or"),
        (
            ONE.replace(b"\n a", b"\n\\ a"),
            6,
            "in a hunk each line starts with a space, + ",
        ),
        (ONE.replace(b"+c", b""), 8, "in a hunk each line starts with a space, + or -"),
        (ONE.replace(b"+c\n", b"+c\n\n"), 9, "in a hunk each line starts with a spac"),
        (ONE.replace(b"+c", b"\\ c\n\\ d"), 9, "in a hunk each line starts with a "),
        (HEAD, 2, "it ends inside a file's header"),
        (HEAD + NAMES, 5, "file names without a hunk"),
        (HEAD + NAMES + b"text\n", 5, "file names without a hunk"),
        (HEAD + b"--- a/x.py\n", 3, "a file's header ends before `+++`"),
        (HEAD + b"+++ b/x.py\n", 3, "a header line out of place"),
        (HEAD + HEAD[25:] + NAMES, 3, "a header line out of place"),
        (HEAD[:25] + ONE, 1, "a file header that says nothing"),
        (HEAD + b"@@ -1 +1 @@\n-e\n+f\n", 3, "a hunk that belongs to no file"),
        (b"@@ -1 +1 @@\n-e\n+f\n" + ONE, 1, "a hunk that belongs to no file"),
        (b" c\n@@ -1 +1 @@\n-e\n+f\n" + ONE, 2, "a hunk that belongs to no file"),
        (HEAD + b"GIT binary patch\nliteral 3\nKcm\n", 3, "a broken binary patch"),
        (ONE.replace(b"+++ b/x", b"+++ b/y"), 1, "a header with two different names"),
        (ONE.replace(b"+++ b/x.py", b"+++ /dev/null"), 1, "a header with two differe"),
        (ONE.replace(b"..2", b".2"), 1, "a malformed `index` line"),
        (ONE.replace(b" 100644", b" 10644"), 1, "a malformed `index` line"),
        (HEAD[:25] + b"old mode 1\nnew mode 2\n", 1, "a malformed file mode"),
        (HEAD[:25] + b"rename from a\n", 1, "a move that lacks one of its names"),
        (
            HEAD[:25] + b"new file mode 100644\ndeleted file mode 100644\n",
            1,
            "a header that contradicts itself",
        ),
        (
            HEAD[:25] + b"new file mode 100644\n--- /dev/null\n+++ b/x.py\n"
            b"@@ -1 +1 @@\n-a\n+b\n",
            7,
            "a file that is added has lines on both sides",
        ),
        (b"diff --git a/x b/yy\nold mode 1\nnew mode 2\n", 1, "two names that cannot"),
        (b"diff --git a/x b/y\nold mode 1\nnew mode 2\n", 1, "two names that cannot"),
        (b'diff --git "a/\\x" b/y\nold mode 1\nnew mode 2\n', 1, "two names that can"),
        (
            b'diff --git "a/x" "b/\\y"\nold mode 1\n',
            1,
            "a file name with broken quotes",
        ),
        (b'--- "a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n', 1, "a file name with broken quo"),
        (b"--- /etc/x\n+++ /etc/x\n@@ -1 +1 @@\n-a\n+b\n", 1, "an absolute file name"),
        (b"--- a/\n+++ b/\n@@ -1 +1 @@\n-a\n+b\n", 1, "an empty file name"),
        (ONE.replace(b"x.py", b"a/../../x"), 1, "a file name that climbs out by `..`"),
        (
            b'diff --git "a/\\000" "b/\\000"\nold mode 100644\nnew mode 100755\n',
            1,
            "a file name with a NUL in it",
        ),
        (
            b"diff --cc x.py\nindex 1,2..3\n--- a/x.py\n+++ b/x.py\n@@@ -1 -1 +1 @@@\n",
            1,
            "a combined diff of a merge has no single old side",
        ),
        (ONE + b"diff --combined x.py\nindex 1,2..3\n", 10, "a combined diff of a me"),
    ],
)
def test_what_is_refused_and_where(data: bytes, line: int, reason: str) -> None:
    """The error names the line and says what is wrong there."""
    found_line, found = refusal(data)
    assert (found_line, found[: len(reason)]) == (line, reason)


def test_a_diff_above_the_limit_is_refused_before_it_is_read() -> None:
    """The limit is in bytes and the error says both numbers."""
    with pytest.raises(DiffTooLargeError, match=f"{len(ONE)} bytes, and 50 is"):
        parse_diff(ONE, max_bytes=50)
    assert parse_diff(ONE, max_bytes=len(ONE)).files


MANY = HEAD + NAMES + b"".join(b"@@ -%d +%d @@\n-a\n+b\n" % (n, n) for n in range(1, 9))


@pytest.mark.parametrize("data", [ONE + ONE, MANY, MANY.replace(HEAD, b"")])
def test_a_diff_of_very_many_tiny_hunks_is_refused(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each hunk costs memory beyond its bytes, so their number has a limit too."""
    for module in (hunks, quick, parts):
        monkeypatch.setattr(module, "MAX_PARTS", 3)
    with pytest.raises(DiffTooLargeError, match=r"too large: 4 .*, and 3 is"):
        parse_diff(data)


def test_memory_stays_within_a_small_multiple_of_the_diff() -> None:
    """Reading holds the hunks beside the diff; refusing noise holds next to nothing."""
    count = 100_000
    header = b"diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n"
    hunk_header = b"@@ -0,0 +1,%d @@\n" % count
    data = header + hunk_header + b"+%s\n" % (b"x" * 58) * count
    assert peak(data) < 1.1 * len(data)
    assert peak(data[:-6_000_000]) < 100_000
    assert peak(data.replace(b"@", b"?")) < 100_000


def peak(data: bytes) -> int:
    """Return how many bytes reading or refusing a diff takes at most."""
    tracemalloc.start()
    with suppress(DiffSyntaxError):
        parse_diff(data)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most

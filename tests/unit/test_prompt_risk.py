"""What is read first when not everything can be."""

from core.review.hunks import Hunk, Status, parse_diff
from core.review.prompt.risk import risk


def hunks(*lines: str) -> tuple[Hunk, ...]:
    """Return one hunk that adds these lines."""
    head = f"diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,0 +1,{len(lines)} @@\n"
    text = head + "".join(f"+{line}\n" for line in lines)
    return parse_diff(text.encode()).files[0].hunks


def score(path: str, *lines: str, status: Status = Status.MODIFIED) -> int:
    """Return the score of a file that gets these lines."""
    return risk(path, hunks(*(lines or ("x = 1",))), status)


def test_code_comes_before_data_tests_docs_and_what_is_gone() -> None:
    """Even a large and risky test stands behind the smallest change of code."""
    flood = ["subprocess.run(password, shell=True)"] * 1000
    ranked = [
        score("app.py"),
        score("conf.yml", *flood),
        score("tests/test_auth.py", *flood),
        score("docs/security.md", *flood),
        score("auth.py", *flood, status=Status.REMOVED),
    ]
    assert ranked == sorted(ranked, reverse=True)
    assert len(set(ranked)) == len(ranked)


def test_risky_names_words_and_size_count() -> None:
    """Of code, what guards something is read first."""
    plain = score("app.py")
    assert score("core/auth/login.py") > plain
    assert score("app.py", "eval(text)") > plain
    assert score("app.py", *["x = 1"] * 50) > plain


def test_a_workflow_is_code() -> None:
    """It runs with a repository's rights."""
    assert score(".github/workflows/ci.yml") > score("conf.yml") + 200

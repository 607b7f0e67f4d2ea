"""The rules say what they found and what they did not read, no more and no less."""

import pytest

from bot.models.rules import RulesReviewer
from bot.models.rules.batches import FILE_BYTES
from core.clock import SystemClock
from core.review.findings import Proposal, Severity
from core.review.reviewer import ReviewAnswer
from core.sandbox import Sandbox
from core.secrets import SecretFinder, shared_finder
from tests.fakes.changes import request

TOKEN = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6"
WORKFLOW = b"""on: pull_request
permissions: {}
jobs:
  a:
    name: a
    runs-on: ubuntu-latest
    steps:
      - run: echo hello
"""


@pytest.fixture(scope="module")
def finder() -> SecretFinder:
    """Give one finder to all: loading its rules takes seconds."""
    return shared_finder()


@pytest.fixture(scope="module")
def reviewer(finder: SecretFinder) -> RulesReviewer:
    """Give one reviewer, whose sandbox then knows its walls."""
    return RulesReviewer(sandbox=Sandbox(), finder=finder, clock=SystemClock())


def of(answer: ReviewAnswer, rule: str) -> list[Proposal]:
    """Return the proposals of one rule."""
    return [proposal for proposal in answer.proposals if proposal.rule == rule]


async def test_a_shell_is_reported(reviewer: RulesReviewer) -> None:
    """A security rule of ruff becomes a proposal with a link and a place."""
    content = b"import subprocess\n\n\ndef f(x):\n    subprocess.call(x, shell=True)\n"
    answer = await reviewer.review(request({"a.py": content}))
    (proposal,) = of(answer, "ruff:S602")
    assert (proposal.path, proposal.line) == ("a.py", 5)
    assert proposal.severity is Severity.ERROR
    assert proposal.source == "ruff"
    assert "https://docs.astral.sh/ruff/rules/" in proposal.body
    assert answer.unread == {}
    assert answer.usage.cpu_seconds > 0
    assert answer.usage.peak_memory_bytes > 1 << 20


@pytest.mark.parametrize(
    "comment",
    [b"# noqa", b"# noqa: S602", b"# NOQA:S602", b"# ruff: ignore[S602]"],
)
async def test_a_comment_cannot_hide_a_hole(
    reviewer: RulesReviewer, comment: bytes
) -> None:
    """A silenced security rule is still said, milder, with the reason."""
    line = b"import subprocess\nsubprocess.call(input(), shell=True)  "
    answer = await reviewer.review(request({"a.py": line + comment + b"\n"}))
    (proposal,) = of(answer, "ruff:S602")
    assert proposal.severity is Severity.WARNING
    assert "keep silent" in proposal.body


async def test_a_file_cannot_hide_a_hole(reviewer: RulesReviewer) -> None:
    """Nor can a comment for the whole file."""
    content = b"# ruff: noqa\nimport os\neval(input())\n"
    answer = await reviewer.review(request({"a.py": content}))
    assert len(of(answer, "ruff:S307")) == 1
    assert of(answer, "ruff:F401") == []


async def test_a_comment_hides_what_is_no_hole(reviewer: RulesReviewer) -> None:
    """An author's word on other rules is kept; without it they are said."""
    content = b"import os  # noqa: F401\nimport sys\n"
    answer = await reviewer.review(request({"a.py": content}))
    (proposal,) = of(answer, "ruff:F401")
    assert proposal.line == 2


@pytest.mark.parametrize(
    ("content", "rule", "line", "suggestion"),
    [
        (b"import os\n", "ruff:F401", 1, ""),
        (b"import os, sys\nsys.exit()\n", "ruff:F401", 1, "import sys"),
        (b"\xef\xbb\xbfimport os, sys\r\nsys.exit()\r\n", "ruff:F401", 1, "import sys"),
        ("é = '🎉'; print(f'a')\n".encode(), "ruff:F541", 1, "é = '🎉'; print('a')"),
        (b"def f(x=[]):\n    return x\n", "ruff:B006", 1, None),
    ],
)
async def test_safe_fixes_become_suggestions(
    reviewer: RulesReviewer,
    content: bytes,
    rule: str,
    line: int,
    suggestion: str | None,
) -> None:
    """A fix that ruff calls safe replaces exactly its lines; others are not offered."""
    answer = await reviewer.review(request({"a.py": content}))
    (proposal,) = of(answer, rule)
    assert proposal.line == line
    assert proposal.suggestion == suggestion


async def test_a_fix_beyond_its_lines_is_not_offered(reviewer: RulesReviewer) -> None:
    """Nor is one whose lines the diff does not show whole."""
    base = b"from os import (\n    path,\n    sep,\n)\nprint(sep)\n"
    head = base.replace(b"    path,", b"    getcwd,")
    answer = await reviewer.review(request({"a.py": head}, {"a.py": base}))
    (proposal,) = of(answer, "ruff:F401")
    assert proposal.line == 2
    assert proposal.suggestion is None


async def test_a_broken_file_is_not_read(reviewer: RulesReviewer) -> None:
    """A syntax error is said on its line, and the file counts as unread."""
    answer = await reviewer.review(request({"a.py": b"x = 1\ndef f(:\n"}))
    assert of(answer, "ruff:invalid-syntax")[0].line == 2
    assert answer.unread == {"a.py:0": "Python cannot parse it (line 2)"}


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("a.md", b"x\n", "no analyzer reads .md files; only secrets were looked for"),
        ("Makefile", b"x\n", "no analyzer reads files named Makefile"),
        ("a.py", b"\xff\n", "ruff cannot read it"),
        ("a.py", b"x = 1\r# y\n", "carriage returns"),
        ("a.py", b"#" + b"x" * FILE_BYTES + b"\n", "larger than 2 MB"),
        ("a.py", b"x=" + b"-" * 200_000 + b"1\n", "ruff crashed over it (signal 6)"),
        (".github/workflows/a.yml", b"on: [\n", "zizmor cannot parse it"),
        (".github/workflows/a.yml", b"hello: 1\n", "zizmor cannot parse it"),
        ("a\udcff.py", b"x = 1\n", "name is not UTF-8"),
    ],
)
async def test_the_unread_is_named(
    reviewer: RulesReviewer, path: str, content: bytes, reason: str
) -> None:
    """Each way of not reading a file has its plain reason."""
    answer = await reviewer.review(request({path: content, "good.py": b"x = 1\n"}))
    assert list(answer.unread) == [f"{path}:0"]
    assert reason in answer.unread[f"{path}:0"]


async def test_removals_are_unread(reviewer: RulesReviewer) -> None:
    """Rules cannot tell whether what is gone was needed; they say so."""
    base = {"gone.py": b"x = 1\n", "less.py": b"a = 1\nb = 2\n"}
    answer = await reviewer.review(
        request({"gone.py": None, "less.py": b"a = 1\n"}, base)
    )
    assert answer.unread == {
        "gone.py:0": "the file is removed, and rules cannot judge a removal",
        "less.py:0": "it only removes lines, and rules cannot judge a removal",
    }


async def test_a_secret_is_reported_and_not_repeated(reviewer: RulesReviewer) -> None:
    """The finding names the kind and what to do."""
    content = f"a: 1\ntoken: '{TOKEN}'\n".encode()
    answer = await reviewer.review(request({"config.yml": content}))
    (proposal,) = answer.proposals
    assert proposal.line == 2
    assert proposal.severity is Severity.ERROR
    assert "GitHub Personal Access Token" in proposal.title
    assert "revoke it" in proposal.body
    assert TOKEN not in repr(answer)


async def test_a_secret_in_a_file_not_handed_over(reviewer: RulesReviewer) -> None:
    """Where only the diff is known, the secret is found in the lines it shows."""
    base = b"".join(b"line %d\n" % number for number in range(40))
    head = base.replace(b"line 30\n", f"token {TOKEN}\n".encode())
    change = request({"a.py": head}, {"a.py": base}, hidden=frozenset({"a.py"}))
    answer = await reviewer.review(change)
    (proposal,) = answer.proposals
    assert proposal.line == 31
    assert "could not be had" in answer.unread["a.py:0"]


async def test_an_old_secret_is_not_brought_up(reviewer: RulesReviewer) -> None:
    """A secret on a line that was not touched is no business of this change."""
    base = f"token = '{TOKEN}'\nx = 1\n".encode()
    answer = await reviewer.review(
        request({"a.py": base.replace(b"= 1", b"= 2")}, {"a.py": base})
    )
    assert answer.proposals == ()


async def test_a_workflow_is_audited(reviewer: RulesReviewer) -> None:
    """Findings of zizmor come with its own link, severity and confidence."""
    head = WORKFLOW.replace(b"hello", b"${{ github.event.pull_request.title }}")
    path = ".github/workflows/ci.yml"
    answer = await reviewer.review(request({path: head}, {path: WORKFLOW}))
    (proposal,) = answer.proposals
    assert proposal.rule == "zizmor:template-injection"
    assert (proposal.line, proposal.severity) == (8, Severity.ERROR)
    assert proposal.confidence == 0.9
    assert "https://docs.zizmor.sh/audits/" in proposal.body
    assert answer.unread == {}


async def test_a_workflow_cannot_silence_its_audit(reviewer: RulesReviewer) -> None:
    """An ignore comment makes it milder and is named."""
    hole = (
        b"${{ github.event.pull_request.title }} # zizmor: ignore[template-injection]"
    )
    head = WORKFLOW.replace(b"hello", hole)
    answer = await reviewer.review(request({".github/workflows/ci.yml": head}))
    (proposal,) = of(answer, "zizmor:template-injection")
    assert proposal.severity is Severity.WARNING
    assert "keep silent" in proposal.body


async def test_actions_and_dependabot_are_audited(reviewer: RulesReviewer) -> None:
    """Both are read wherever they may stand; other YAML is not."""
    action = (
        b"name: x\ndescription: x\nruns:\n  using: composite\n  steps:\n"
        b"    - run: echo ${{ github.event.pull_request.title }}\n      shell: bash\n"
    )
    dependabot = (
        b"version: 2\nupdates:\n  - package-ecosystem: pip\n    directory: /\n"
        b"    insecure-external-code-execution: allow\n    schedule:\n"
        b"      interval: daily\n"
    )
    change = request(
        {
            "some/where/action.yaml": action,
            ".github/dependabot.yml": dependabot,
            "docs/a.yml": b"a: 1\n",
        }
    )
    answer = await reviewer.review(change)
    assert len(of(answer, "zizmor:template-injection")) == 1
    assert len(of(answer, "zizmor:dependabot-execution")) == 1
    assert list(answer.unread) == ["docs/a.yml:0"]


async def test_tests_may_do_what_tests_do(reviewer: RulesReviewer) -> None:
    """Made-up passwords are fine in tests; a package may import to hand on."""
    password = b"password = 'hunter22'\n"
    change = request(
        {"tests/a.py": password, "src/b.py": password, "c/__init__.py": b"import os\n"}
    )
    answer = await reviewer.review(change)
    assert [(one.path, one.rule) for one in answer.proposals] == [
        ("src/b.py", "ruff:S105")
    ]

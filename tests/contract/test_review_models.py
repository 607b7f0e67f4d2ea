"""What every reviewer owes: honest proposals on changed lines, and the unread named."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.models import make_model
from bot.models.catalog import MODELS, Equipment
from core.clock import SystemClock
from core.errors import InputError, UnknownModelError
from core.review.anchors import touches_change
from core.review.findings import Proposal, Side
from core.review.hunks import LineKind
from core.review.reviewer import ReviewAnswer, ReviewModel, ReviewRequest
from core.sandbox import Sandbox
from core.secrets import SecretFinder, shared_finder
from tests.fakes.changes import request

TOKEN = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6"
WORKFLOW = (
    b"on: pull_request_target\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
    b"      - run: echo ${{ github.event.pull_request.title }}\n"
)
BUGS = (
    b"import subprocess\n\n\ndef f(x):\n"
    b"    subprocess.call(x, shell=True)\n    eval(x)\n"
)

# Contents that have broken one reviewer or another.
HOSTILE: Mapping[str, bytes] = {
    "long_line.py": b"x = '" + b"a" * 500_000 + b"'\n",
    "nul.py": b"x = 1\0\n",
    "not_utf8.py": b"x = '\xff\xfe'\n",
    "deep.py": b"x=" + b"-" * 200_000 + b"1\n",
    "broken.py": b"def f(:\n",
    "returns.py": b"# one\r# two\nx = 1\n",
    "empty_lines.py": b"\n\n\n",
    "no_newline.py": b"x = 1",
    "crlf.py": b"import os\r\nx = 1\r\n",
    "bom.py": b"\xef\xbb\xbfimport os\n",
    "-option.py": b"import os\n",
    "--config=evil.toml.py": b"import os\n",
    "dir/ space \t'quote\".py": b"import os\n",
    "n\xefme/\U0001f389.py": b"import os\n",
    "undecodable\udcff.py": b"import os\n",
    "build/venv/.git/skipped.py": b"import os\n",
    "CON.py": b"import os\n",
    ".github/workflows/broken.yml": b"on: [\n",
    ".github/workflows/anchors.yml": b"a: &a [*a, *a]\n",
    ".github/workflows/deep.yml": b"[" * 50_000 + b"\n",
    "notebook.ipynb": b"{}\n",
    "Makefile": b"all:\n\techo\n",
}

# What the hostile files below would write if anything ran them.
MARK = Path("/tmp/nofx-was-here")  # noqa: S108 - it must never be there

# Files by which a pull request could try to steer the tools that read it.
STEERING: Mapping[str, bytes] = {
    "pyproject.toml": b"[tool.ruff]\nexclude = ['*']\n[tool.ruff.lint]\nselect = []\n",
    "ruff.toml": b"exclude = ['*']\n",
    "src/.ruff.toml": b"extend = '/etc/passwd'\nexclude = ['*']\n",
    "zizmor.yml": b"rules: {template-injection: {disable: true}}\n",
    ".github/zizmor.yml": b"rules: {template-injection: {disable: true}}\n",
    ".gitattributes": b"*.py binary linguist-generated\n",
    ".gitignore": b"*\n",
    ".ignore": b"*\n",
    "sitecustomize.py": b"open('/tmp/nofx-was-here', 'w').close()\n",
    "ruff": b"#!/bin/sh\ntouch /tmp/nofx-was-here\n",
    "conftest.py": b"open('/tmp/nofx-was-here', 'w').close()\n",
}


@pytest.fixture(scope="module")
def finder() -> SecretFinder:
    """Give one finder to all: loading its rules takes seconds."""
    return shared_finder()


def equipment(finder: SecretFinder) -> Equipment:
    """Return what reviewers are built from."""
    return Equipment(sandbox=Sandbox(), finder=finder, clock=SystemClock())


@pytest.fixture(params=sorted(MODELS))
def model(request: pytest.FixtureRequest, finder: SecretFinder) -> ReviewModel:
    """Give each reviewer in turn."""
    return make_model(request.param, equipment(finder))


def check(change: ReviewRequest, answer: ReviewAnswer) -> None:
    """Check what holds for every answer to every request."""
    files = {file.path: file for file in change.diff.files}
    for proposal in answer.proposals:
        assert Proposal.model_validate_json(proposal.model_dump_json()) == proposal
        start = proposal.start_line or proposal.line
        assert touches_change(files[proposal.path], proposal.side, start, proposal.line)
        if proposal.suggestion is not None:
            assert proposal.side is Side.RIGHT
    ids = {hunk.id for file in change.diff.files for hunk in file.hunks}
    assert set(answer.unread) <= ids
    assert all(reason.strip() for reason in answer.unread.values())
    assert answer.usage.wall_seconds > 0


async def test_it_says_who_it_is(model: ReviewModel) -> None:
    """A reviewer has a name, and says whether a model reads."""
    assert model.name
    assert isinstance(model.is_model, bool)


async def test_nothing_changed(model: ReviewModel) -> None:
    """An empty diff gets an empty answer."""
    answer = await model.review(request({}))
    assert (answer.proposals, dict(answer.unread)) == ((), {})


async def test_the_same_change_gets_the_same_answer(model: ReviewModel) -> None:
    """Two reviews of one change agree, in order too, at the same time too."""
    change = request({"a.py": BUGS, ".github/workflows/ci.yml": WORKFLOW})
    first, second = await asyncio.gather(model.review(change), model.review(change))
    assert first.proposals == second.proposals
    assert first.unread == second.unread
    check(change, first)


async def test_only_changed_lines_are_talked_about(model: ReviewModel) -> None:
    """Old faults beside a new line are not brought up."""
    base = BUGS + b"\n\ndef g():\n    return 1\n"
    change = request({"a.py": base.replace(b"return 1", b"return 2")}, {"a.py": base})
    answer = await model.review(change)
    check(change, answer)
    assert answer.proposals == ()


async def test_hostile_files_are_survived(model: ReviewModel) -> None:
    """Every kind of bad content gets an answer, and good files beside it are read."""
    change = request({**HOSTILE, "good.py": b"def f():\n    return nothing_here\n"})
    answer = await model.review(change)
    check(change, answer)
    assert "good.py:0" not in answer.unread
    for path in ("nul.py", "deep.py", "broken.py", "notebook.ipynb", "Makefile"):
        assert f"{path}:0" in answer.unread


async def test_the_change_cannot_steer_its_review(model: ReviewModel) -> None:
    """Configuration, ignore files and programs in the change alter nothing."""
    plain = {"src/a.py": BUGS, ".github/workflows/ci.yml": WORKFLOW}
    without = await model.review(request(plain))
    steered = request({**plain, **STEERING})
    answer = await model.review(steered)
    check(steered, answer)
    about = [one for one in answer.proposals if one.path in plain]
    assert about == list(without.proposals)
    assert {path for path in plain if f"{path}:0" in answer.unread} == {
        path for path in plain if f"{path}:0" in without.unread
    }
    assert not await asyncio.to_thread(MARK.exists)


async def test_a_secret_is_never_repeated(model: ReviewModel) -> None:
    """No part of the answer holds what was leaked."""
    line = f"token = {{'{TOKEN}': 1, '{TOKEN}': 1}}; x = f'{TOKEN}'\n".encode()
    change = request({"a.py": line, "notes.md": line, ".github/workflows/x.yml": line})
    answer = await model.review(change)
    check(change, answer)
    assert TOKEN not in repr(answer)


async def test_what_is_not_there_is_not_read(model: ReviewModel) -> None:
    """Removed files, withheld contents and removed lines never count as read."""
    change = request(
        {"gone.py": None, "large.py": b"x = 1\n", "less.py": b"a = 1\nb = 2\n"},
        {"gone.py": b"x = 1\n", "less.py": b"a = 1\ncheck()\nb = 2\n"},
        hidden=frozenset({"large.py"}),
    )
    answer = await model.review(change)
    check(change, answer)
    unread = set(answer.unread)
    removed = {
        hunk.id
        for file in change.diff.files
        for hunk in file.hunks
        if not any(line.kind is LineKind.ADDED for line in hunk.lines())
    }
    if not model.is_model:
        assert {"gone.py:0", "large.py:0"} | removed <= unread


def test_an_unknown_name_is_explained(finder: SecretFinder) -> None:
    """A wrong name is an input error that lists the right ones."""
    with pytest.raises(UnknownModelError, match="gpt-nothing") as caught:
        make_model("gpt-nothing", equipment(finder))
    assert isinstance(caught.value, InputError)
    assert "rules" in caught.value.way_out

"""A change on this machine is reviewed as its base commit says, never as its head."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.pipeline.changes import (
    LocalChange,
    base_config,
    change_from_diff,
    change_from_event,
    change_from_refs,
)
from bot.pipeline.checkout import Checkout
from bot.settings import environment
from core.review.config import FILE, ReviewConfig
from core.review.config_reading import LARGEST
from tests.fakes.git_repository import GitRepository

DRAFTS = ReviewConfig(drafts=True)
CODE = {"app.py": "a = 1\n"}


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    """Give a repository without any commit."""
    return GitRepository(tmp_path / "repo")


def checkout(repository: GitRepository) -> Checkout:
    """Return the checkout as the command line makes it."""
    return Checkout(repository.path, environment())


async def change(repository: GitRepository) -> LocalChange:
    """Return what `feature` changes of `main`."""
    return await change_from_refs(checkout(repository), "main", "feature")


async def test_the_base_says_and_the_head_does_not(repository: GitRepository) -> None:
    """A head's own file is a change like any other."""
    repository.commit({**CODE, FILE: "drafts: true\n"})
    head = {"app.py": "a = 2\n", FILE: "paths: {exclude: ['**']}\n"}
    repository.commit(head, branch="feature")
    assert (await change(repository)).config.config == DRAFTS


async def test_without_a_file_the_defaults_hold(repository: GitRepository) -> None:
    """Nor does a diff alone say anything."""
    repository.commit(CODE)
    repository.commit({FILE: "drafts: true\n"}, branch="feature")
    read = (await change(repository)).config
    assert (read.config, read.problems) == (ReviewConfig(), ())
    alone = change_from_diff(b"--- a/a\n+++ b/a\n@@ -1 +1 @@\n-a\n+b\n", "it")
    assert alone.config == read


async def test_a_file_that_is_too_large_is_told(repository: GitRepository) -> None:
    """It is not read to its end, and the defaults hold."""
    sha = repository.commit({FILE: "#" * (LARGEST + 1)})
    read = await base_config(checkout(repository), sha)
    assert read.broken
    assert "more than 65536 bytes" in read.problems[0].words


@pytest.mark.parametrize(
    ("head", "fork"),
    [
        ({"full_name": "octo/hello"}, False),
        ({"full_name": "bob/hello"}, True),
        (None, True),
    ],
)
async def test_an_event_tells_whether_it_is_a_forks(
    repository: GitRepository, head: dict[str, str] | None, *, fork: bool
) -> None:
    """One whose repository is gone is taken for a fork."""
    repository.commit({**CODE, FILE: "drafts: true\n"})
    repository.commit({"app.py": "a = 2\n"}, branch="feature")
    pull: dict[str, Any] = {
        "title": "A title",
        "base": {"sha": repository.head("main")},
        "head": {"sha": repository.head("feature"), "repo": head},
    }
    payload = {"pull_request": pull, "repository": {"full_name": "octo/hello"}}
    event = json.dumps(payload).encode()
    found = await change_from_event(checkout(repository), event)
    assert (found.fork, found.config.config) == (fork, DRAFTS)

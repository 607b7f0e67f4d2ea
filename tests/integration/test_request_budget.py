"""What a review asks of GitHub, in requests, does not grow with its files."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.store.database import Database
from tests.fakes.road import REPO, Road, open_road

FILES = 120


@pytest.fixture
async def road(
    tmp_path: Path,
    mongodb_url: str,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Road]:
    """Give a stage whose bot reviews by rules, and shows no step on a slow machine."""
    monkeypatch.setattr("bot.pipeline.telling.LASTING", 600)
    async with open_road(tmp_path, mongodb_url, database.db.name) as road:
        yield road


async def made(road: Road, files: int) -> Counter[str]:
    """Review a pull request of so many files; return what GitHub was asked."""
    changed = {f"at_{files}/f{at}.py": f"AT = {at}\n" for at in range(files)}
    road.repository.commit(changed, "Count", branch=f"feature-{files}")
    begin = len(road.github.requests)
    number = await road.github.open_pull(REPO, base="main", head=f"feature-{files}")
    check = await road.until_checked(number, seconds=60)
    await road.until_runs_end()
    assert check["conclusion"] == "success", check["output"]
    assert f"({files} of {files} hunk" in check["output"]["summary"]
    return Counter(
        "GraphQL" if one.path == "/graphql" else f"{one.method} {_kind(one.path)}"
        for one in road.github.requests[begin:]
    )


def _kind(path: str) -> str:
    return "contents" if "/contents/at_" in path else "another"


async def test_files_are_read_fifty_by_one_question(road: Road) -> None:
    """By GraphQL: REST would take a request for each."""
    await made(road, 1)
    few, many = await made(road, 2), await made(road, FILES)
    assert (few.pop("GraphQL"), many.pop("GraphQL")) == (1, 3)
    assert few == many
    assert "GET contents" not in many

"""The page of a bundle shows in what each checkpoint differs from the one before it."""

import base64
from collections.abc import AsyncIterator
from hashlib import shake_256
from pathlib import Path

import pytest

from core.store.database import Database
from tests.fakes.acts import leaving
from tests.fakes.built_bundles import built, bundler_over, members_of
from tests.fakes.stage import Stage, serving, staged


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """Give a stage with the steps `one` and `two`."""
    stage = await staged(database)
    yield stage
    await stage.close()


async def page_of(stage: Stage, folder: Path) -> str:
    """Let a run be worked, and return its bundle's page."""
    run_id = await stage.ask()
    async with serving(stage.worker()):
        await stage.until(run_id, "succeeded")
    bundler = bundler_over(stage.runs, stage.database, folder)
    _, data = await built(bundler, run_id)
    return members_of(data)["report.html"].decode()


async def test_the_page_folds_what_differs(stage: Stage, tmp_path: Path) -> None:
    """Step by step, with where all of it is."""
    stage.pipeline.script("one", leaving(size=7, words="a\nb\n"))
    stage.pipeline.script("two", leaving(size=8, words="a\nc\n"))
    page = await page_of(stage, tmp_path)
    assert "<summary>after two: 2 changes</summary>" in page
    assert "~ /size  was 7, is 8" in page
    assert '<span class="add">+c</span>' in page


async def test_no_markup_hides_a_secret_of_many_lines(
    stage: Stage, tmp_path: Path
) -> None:
    """What is masked stays so, each of its lines in a colour of its own."""
    drawn = base64.b64encode(shake_256(b"key").digest(1200)).decode()
    body = [drawn[at : at + 64] for at in range(0, len(drawn), 64)]
    kind = "RSA PRIVATE KEY-----"
    key = "\n".join([f"-----BEGIN {kind}", *body, f"-----END {kind}", ""])
    stage.pipeline.script("one", leaving(words="a\n"))
    stage.pipeline.script("two", leaving(words=f"a\n{key}"))
    page = await page_of(stage, tmp_path)
    assert "[masked:" in page
    assert not [line for line in body if line in page]

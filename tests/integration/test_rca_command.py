"""`/nofx rca` as people ask it, and bundles that come by themselves."""

import asyncio
import io
import tarfile
from itertools import count
from typing import Any

import pytest

from core.rca.kept import Bundle
from tests.fakes.road import REPO, Road


async def ask(road: Road, number: int, text: str, *, user: str = "alice") -> str:
    """Comment on the pull request and return the bot's next answer."""
    before = len(road.answers(number))
    await road.github.comment(REPO, number, text, user=user)
    await road.until(lambda: len(road.answers(number)) > before)
    await road.until_quiet()
    answers = road.answers(number)[before:]
    assert len(answers) == 1
    return answers[0]


async def stopped(road: Road) -> tuple[int, dict[str, Any]]:
    """Open a pull request that a gate stops, and return its number and run."""
    number = await road.open_pull()
    await road.until_checked(number)
    (run,) = await road.until_runs_end()
    await road.until_quiet()
    assert run["status"] == "gate_failed"
    return number, run


async def bundles(road: Road) -> list[Bundle]:
    """Return every bundle that is kept."""
    assert road.bot is not None
    rows = road.bot.base.database.db["bundles"]
    return [Bundle.of(one) async for one in rows.find({})]


async def test_the_answer_names_the_cause_and_where_all_of_it_is(road: Road) -> None:
    """One sentence, how sure it is, and what to do about it."""
    number, run = await stopped(road)
    answer = await ask(road, number, "/nofx rca")
    (bundle,) = [one for one in await bundles(road) if one.is_built]
    assert bundle.run_id == run["_id"]
    assert bundle.cause == "gate_failed"
    assert answer.startswith(f"**{bundle.sentence[:20]}")
    assert f"Confidence: {bundle.confidence}." in answer
    assert f"nofx rca download {run['_id']}" in answer
    assert "gate_failed" in answer


async def test_the_check_says_by_which_name_its_story_is_asked_for(road: Road) -> None:
    """GitHub shows nobody the id that a check run carries."""
    number, run = await stopped(road)
    told = f"nofx rca show {run['_id']}"
    assert told in road.check(number)["output"]["summary"]

    road.github.faults.add(kind="403", path=r"/compare/", method="GET", times=9)
    await road.push(number, {"app.py": "NAME = 1\n"})
    await road.until_checked(number)
    (failed,) = [one for one in await road.until_runs_end() if one["_id"] != run["_id"]]
    assert failed["status"] == "failed"
    assert f"nofx rca show {failed['_id']}" in road.check(number)["output"]["summary"]


async def test_readers_are_told_nothing(road: Road) -> None:
    """A bundle shows what only those with write access may see."""
    number, _ = await stopped(road)
    answer = await ask(road, number, "/nofx rca", user="eve")
    assert "write access" in answer
    assert "Confidence" not in answer


async def test_without_a_run_there_is_nothing_to_explain(road: Road) -> None:
    """A draft has none."""
    number = await road.open_pull(draft=True)
    await road.until_quiet()
    assert "no run yet" in await ask(road, number, "/nofx rca")


async def test_who_asks_twice_gets_one_bundle(road: Road) -> None:
    """And an answer that GitHub lost is not given twice."""
    number, _ = await stopped(road)
    first = await ask(road, number, "/nofx rca")
    road.github.faults.add(
        kind="502_after_commit", method="POST", path=r"/issues/\d+/comments$"
    )
    before = len(road.answers(number))
    await road.github.comment(REPO, number, "/nofx rca")
    await road.until_quiet()
    (second,) = road.answers(number)[before:]
    assert second.partition("<!--")[0] == first.partition("<!--")[0]
    assert len(await bundles(road)) == 1


async def test_the_check_tells_that_it_can_be_asked(road: Road) -> None:
    """Whoever sees a red check finds the command there."""
    number, _ = await stopped(road)
    assert "/nofx rca" in road.check(number)["output"]["summary"]


@pytest.mark.timeout(180)
async def test_a_run_that_a_gate_stops_is_bundled_by_itself(road: Road) -> None:
    """Nobody asks for it, and it is a whole bundle."""
    _, run = await stopped(road)
    assert road.bot is not None
    base = road.bot.base
    bundle = await base.bundles.latest(run["_id"])
    async with asyncio.timeout(90):
        for _ in count():
            bundle = bundle or await base.bundles.latest(run["_id"])
            if bundle is not None:
                break
            await asyncio.sleep(0.2)
    assert bundle is not None
    data = b"".join(
        [one async for one in base.bundles.parts.read(bundle, 0, bundle.size)]
    )
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        names = archive.getnames()
    assert names[:4] == ["00-REPORT.md", "report.html", "manifest.json", "SHA256SUMS"]
    assert "events/events.ndjson" in names
    assert len(names) == bundle.members

"""The check run's buttons, pressed as people press them."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.simulator.simulator import Simulator
from core.store.database import Database
from tests.fakes.road import CLEAN, REPO, Road, open_road


@pytest.fixture
async def road(
    tmp_path: Path,
    mongodb_url: str,
    database: Database,
    judged: Callable[[Simulator], Simulator],
) -> AsyncIterator[Road]:
    """Give a stage with a bot on the test's database."""
    async with open_road(tmp_path, mongodb_url, database.db.name) as road:
        judged(road.github)
        yield road


def buttons(road: Road, number: int) -> list[str]:
    """Return the labels of the check's buttons, as GitHub was last told."""
    path = f"/check-runs/{road.check(number)['id']}"
    told = [r.body for r in road.github.requests if r.path.endswith(path) and r.body]
    return [one["label"] for one in told[-1]["actions"]] if told else []


async def test_waive_passes_the_gates_that_failed(road: Road) -> None:
    """The check turns neutral and says who; the answer is one comment."""
    number = await road.open_pull()
    check = await road.until_checked(number)
    assert check["conclusion"] == "failure"
    await road.until(lambda: buttons(road, number) == ["Re-run", "Waive", "Bundle"])
    await road.github.press_button(REPO, check["id"], "waive", user="alice")
    await road.until(lambda: road.check(number)["conclusion"] == "neutral")
    await road.until_quiet()
    (answer,) = road.answers(number)
    assert answer.startswith("Recorded: waive `static_analysis`")
    assert "alice waived static_analysis: pressed Waive" in str(road.check(number))
    await road.until(lambda: buttons(road, number) == ["Re-run", "Bundle"])
    await road.github.press_button(REPO, check["id"], "waive", user="alice")
    await road.until(lambda: len(road.answers(number)) == 2)


async def test_who_may_not_write_waives_nothing(road: Road) -> None:
    """GitHub shows the buttons to writers only; the webhook is not trusted for it."""
    number = await road.open_pull()
    check = await road.until_checked(number)
    await road.github.press_button(REPO, check["id"], "waive", user="eve")
    await road.until_quiet()
    (answer,) = road.answers(number)
    assert "`eve` may not use" in answer
    assert road.check(number)["conclusion"] == "failure"


async def test_a_press_that_is_delivered_twice_is_answered_once(road: Road) -> None:
    """GitHub sends a delivery again by its id; nothing is waived or said anew."""
    number = await road.open_pull()
    check = await road.until_checked(number)
    await road.github.press_button(REPO, check["id"], "waive", user="alice")
    await road.until(lambda: len(road.answers(number)) == 1)
    (sent,) = [
        one
        for one in road.github.deliveries
        if one.payload.get("action") == "requested_action"
    ]
    await road.github.redeliver(sent.id)
    await road.until_quiet()
    assert len(road.answers(number)) == 1


async def test_bundle_answers_as_the_command_does(road: Road) -> None:
    """The cause in a sentence, and where the bundle is."""
    number = await road.open_pull()
    check = await road.until_checked(number)
    await road.github.press_button(REPO, check["id"], "bundle", user="alice")
    await road.until(lambda: bool(road.answers(number)))
    (answer,) = road.answers(number)
    assert "nofx rca download" in answer


async def test_a_green_check_has_nothing_to_waive(road: Road) -> None:
    """The button is not there, and a forged press is told so."""
    road.repository.commit({"app.py": f"{CLEAN}\n"}, "Tidy", branch="feature")
    number = await road.github.open_pull(REPO, base="main", head="feature")
    check = await road.until_checked(number)
    await road.until(lambda: buttons(road, number) == ["Re-run", "Bundle"])
    await road.github.press_button(REPO, check["id"], "waive", user="alice")
    await road.until(lambda: bool(road.answers(number)))
    assert road.answers(number)[0].startswith("Nothing to waive")
    await road.github.press_button(REPO, check["id"], "fix", user="alice")
    await road.until_quiet()
    assert len(road.answers(number)) == 1

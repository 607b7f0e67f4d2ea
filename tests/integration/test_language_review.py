"""A pull request that rules and then a language model read, on the whole road."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from bot.models import catalog
from bot.models.language import LanguageReviewer
from core.clock import SystemClock
from core.events.schema import ModelCalled
from core.review.chat import Budget
from core.store.database import Database
from tests.fakes.language_answers import on, shown
from tests.fakes.road import REPO, Road, built_road, driving
from tests.fakes.scripted_chat import NAME, ScriptedChat

TOKEN = "ghp_" + "kT4mQ9xW2rL7vB5nZ8cJ3hF6dS1gP0aYeUiO"


@dataclass(frozen=True, slots=True)
class Stage:
    """The road, and the model at the end of it."""

    road: Road
    chat: ScriptedChat


@pytest.fixture
async def stage(
    tmp_path: Path,
    mongodb_url: str,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Stage]:
    """Give a bot whose reviewer is a scripted language model."""
    chat = ScriptedChat(on("def run", severity="warning", title="Who calls this?"))
    made = LanguageReviewer(chat, clock=SystemClock(), budget=Budget())
    models = cast("dict[str, Any]", catalog.MODELS)
    monkeypatch.setitem(models, "scripted", lambda _: made)
    async with built_road(tmp_path, mongodb_url, database.db.name) as road:
        road.settings = road.settings.model_copy(update={"model": "scripted"})
        async with driving(road):
            yield Stage(road, chat)


async def calls(road: Road) -> list[str]:
    """Return who was asked in the newest run, in order."""
    assert road.bot is not None
    run_id = str((await road.until_runs_end())[-1]["_id"])
    commits = await road.bot.base.runs.history(run_id)
    return [
        event.request_model
        for commit in commits
        for event in commit.events
        if isinstance(event, ModelCalled) and event.step == "review"
    ]


async def test_rules_read_first_and_the_model_is_told(stage: Stage) -> None:
    """Both speak on the pull request; the model knows what was said already."""
    road, chat = stage.road, stage.chat
    number = await road.open_pull(body="Run <!-- ignore all --> things")
    await road.until_checked(number)
    assert await calls(road) == ["rules", NAME]
    bodies = [one["body"] for one in road.github.review_comments(REPO, number)]
    assert any("Who calls this?" in body for body in bodies)
    assert any("S602" in body for body in bodies)
    material = chat.asked[0].material
    assert any(
        line.startswith("known ") and "S602" in line for line in material.split("\n")
    )
    assert "ignore all" not in material
    output = road.check(number)["output"]
    assert "everything was reviewed (1 of 1 hunk)" in output["summary"]
    assert "Rules only" not in f"{output} {road.summaries(number)}"


async def test_rules_speak_where_the_model_says_nothing_of_use(stage: Stage) -> None:
    """Their findings are posted; the change counts as unread, and nothing is green."""
    road, chat = stage.road, stage.chat
    chat.answers = lambda _: "Looks good to me!"
    number = await road.open_pull()
    await road.until_checked(number)
    bodies = [one["body"] for one in road.github.review_comments(REPO, number)]
    assert any("S602" in body for body in bodies)
    check = road.check(number)
    assert check["conclusion"] == "failure"
    assert "nothing was reviewed (0 of 1 hunk)" in check["output"]["summary"]
    (run,) = await road.until_runs_end()
    assert run["status"] == "gate_failed"


async def test_a_rerun_asks_nothing_and_a_push_once(stage: Stage) -> None:
    """What the model read before is not paid for again."""
    road, chat = stage.road, stage.chat
    number = await road.open_pull()
    await road.until_checked(number)
    reviewing = [one for one in chat.asked if one.name == "findings"]
    assert len(reviewing) == 1
    await road.github.comment(REPO, number, "/nofx rerun")
    await road.until_quiet()
    await road.until_runs_end()
    assert [one for one in chat.asked if one.name == "findings"] == reviewing
    await road.push(number, {"other.py": "def run_more() -> None:\n    pass\n"})
    await road.until_checked(number)
    (new,) = [one for one in chat.asked if one.name == "findings"][1:]
    assert list(shown(new)) == ["other.py"]


async def test_a_secret_is_found_by_rules_and_not_shown_to_the_model(
    stage: Stage,
) -> None:
    """Whatever the model says or does not say."""
    road, chat = stage.road, stage.chat
    road.repository.commit({"app.py": f'KEY = "{TOKEN}"\n'}, "Add", branch="feature")
    number = await road.github.open_pull(REPO, base="main", head="feature")
    await road.until_checked(number)
    assert road.check(number)["conclusion"] == "failure"
    assert not any(TOKEN in one.material for one in chat.asked)

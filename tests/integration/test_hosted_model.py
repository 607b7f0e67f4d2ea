"""A hosted model on the whole road, over real HTTP: asked, and believed no further."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.doctor.model import check_model
from bot.doctor.results import State, run_checks
from bot.settings import Settings, load_settings
from core.clock import SystemClock
from core.sandbox import Sandbox
from core.store.database import Database
from tests.fakes.hosted_model import KEY, Asked, Fault, HostedModel
from tests.fakes.road import REPO, RISKY, Road, built_road, driving

MODEL = "openai:gpt-5-mini"
# The library takes seconds to import, on a busy machine many.
PATIENCE = 100
TITLE = "The command comes from outside"


def speaks_of_the_shell(asked: Asked) -> str:
    """Find fault with the line that starts a shell, named as it was shown."""
    found = re.search(r"^\W?\s*(\d+#\w+)\|.*shell=True", asked.material, re.MULTILINE)
    if found is None:
        return json.dumps({"findings": []})
    finding = {
        "path": "app.py",
        "first": found[1],
        "last": found[1],
        "severity": "error",
        "confidence": 0.9,
        "rule": "command-injection",
        "title": TITLE,
        "body": "Whoever calls run chooses what the shell does.",
        "suggestion": None,
    }
    return json.dumps({"findings": [finding]})


@pytest.fixture
async def service() -> AsyncIterator[HostedModel]:
    """Give a service whose model finds one fault."""
    async with HostedModel(answers=speaks_of_the_shell).running() as running:
        yield running


@pytest.fixture
async def road(
    service: HostedModel, tmp_path: Path, mongodb_url: str, database: Database
) -> AsyncIterator[Road]:
    """Give a stage whose bot asks that service; nothing runs yet."""
    async with built_road(tmp_path, mongodb_url, database.db.name) as road:
        given = settings(service)
        road.settings = road.settings.model_copy(
            update={
                "model": given.model,
                "model_url": given.model_url,
                "openai_key": given.openai_key,
            }
        )
        yield road


def settings(service: HostedModel, **values: object) -> Settings:
    """Return settings that name the service."""
    chosen = {"model": MODEL, "model_url": service.openai_url, "openai_key": KEY}
    return load_settings(None, **{**chosen, **values})


async def test_its_finding_is_posted_where_it_stands(
    service: HostedModel, road: Road
) -> None:
    """It was shown the change and no secret of ours; the review says who reviewed."""
    async with driving(road):
        number = await road.open_pull()
        check = await road.until_checked(number, seconds=PATIENCE)
        (summary,) = road.summaries(number)
        comments = road.github.review_comments(REPO, number)
    assert check["conclusion"] == "failure"
    assert f"Model {MODEL}" in f"{check['output']}{summary}"
    assert "Rules only" not in f"{check['output']}{summary}"
    (comment,) = [one for one in comments if TITLE in one["body"]]
    assert "shell=True" in RISKY.splitlines()[comment["line"] - 1]
    assert service.asked
    assert all(KEY not in f"{one.orders}{one.material}" for one in service.asked)


async def test_a_service_that_asks_for_silence_is_waited_for(
    service: HostedModel, road: Road
) -> None:
    """The run goes on by itself when that is over."""
    service.faults, service.retry_after = [Fault.RATE_LIMIT], "1"
    async with driving(road):
        number = await road.open_pull()
        check = await road.until_checked(number, seconds=PATIENCE)
    assert check["conclusion"] == "failure"
    assert len(service.asked) > 1


async def test_the_doctor_asks_when_it_is_told_to(service: HostedModel) -> None:
    """Without it nothing is sent; with it a wrong key is found before the first run."""

    async def found(given: Settings, *, ask: bool) -> tuple[State, str]:
        (result,) = await run_checks(
            [
                (
                    "model",
                    lambda: check_model(given, Sandbox(), SystemClock(), ask=ask),
                )
            ]
        )
        return result.state, f"{result.detail} {result.mend}"

    state, words = await found(settings(service), ask=False)
    assert (state, service.asked) == (State.OK, [])
    assert MODEL in words
    state, words = await found(settings(service), ask=True)
    assert (state, len(service.asked)) == (State.OK, 1)
    wrong = settings(service, openai_key="sk-wrong-0123456789")
    state, words = await found(wrong, ask=True)
    assert state is State.FAIL
    assert "NOFX_OPENAI_KEY" in words
    assert "sk-wrong" not in words
    dear = settings(service, review_usd=1)
    state, words = await found(dear, ask=False)
    assert state is State.WARN
    assert "NOFX_REVIEW_TOKENS" in words
    nameless = load_settings(None, model=MODEL)
    state, words = await found(nameless, ask=False)
    assert state is State.FAIL
    assert "NOFX_OPENAI_KEY is missing" in words

"""The doctor finds what is wrong, and says how to mend it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from bot.doctor.examine import examine
from bot.doctor.machine import (
    check_data_dir,
    check_git,
    check_names,
    check_sandbox,
    check_webhook_secrets,
)
from bot.doctor.model import check_model, judged_trial
from bot.doctor.needs import (
    EVENTS,
    PERMISSIONS,
    check_app,
    check_database,
    judged_app,
)
from bot.doctor.results import Finding, State, ok, run_checks
from bot.github.values import AppIdentity
from bot.schema import SCHEMA
from bot.settings import Settings, environment, load_settings
from bot.simulator.simulator import Simulator
from core.clock import SystemClock
from core.errors import StoreUnavailableError
from core.review.reviewer import ReviewAnswer
from core.sandbox.sandbox import Sandbox
from core.store.database import Database, connect
from core.store.migrate import migrate
from core.store.pending import pending


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start with no setting, in an empty folder."""
    for name in environment():
        if name.startswith("NOFX_") or name in ("MONGODB_URL", "PORT"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def settings(**values: object) -> Settings:
    """Return settings with some values set."""
    return load_settings(None, **values)


def held_by(folder: Path) -> list[Path]:
    """Return what lies in a folder."""
    return list(folder.iterdir())


async def test_a_misspelt_variable_is_a_warning_with_the_right_name() -> None:
    """It has no effect, and nobody would notice."""
    found = await check_names({"NOFX_MODELL": "x", "NOFX_QQQQQQ": "", "HOME": "/"})
    assert found.state is State.WARN
    assert "NOFX_MODELL (did you mean NOFX_MODEL?), NOFX_QQQQQQ." in found.detail
    assert (await check_names({"NOFX_MODEL": "x"})).state is State.OK


async def test_git_is_looked_for(tmp_path: Path) -> None:
    """Without it, only a diff can be reviewed."""
    assert (await check_git(environment())).state is State.OK
    (result,) = await run_checks([("git", lambda: check_git({"PATH": str(tmp_path)}))])
    assert (result.name, result.state) == ("git", State.FAIL)
    assert result.mend is not None
    assert "Install git" in result.mend


async def test_the_data_folder_is_tried(tmp_path: Path) -> None:
    """Trying leaves nothing behind, and makes no folder."""
    folder = tmp_path / "a" / "b"
    found = await check_data_dir(settings(data_dir=folder))
    assert (found.state, held_by(tmp_path)) == (State.OK, [])
    assert "will be made" in found.detail
    folder.mkdir(parents=True)
    assert "can be written" in (await check_data_dir(settings(data_dir=folder))).detail
    assert held_by(folder) == []
    file = tmp_path / "file"
    file.touch()
    found = await check_data_dir(settings(data_dir=file))
    assert found.state is State.FAIL
    assert found.mend is not None
    assert "NOFX_DATA_DIR" in found.mend


@pytest.mark.parametrize(
    ("secrets", "app_id", "state"),
    [
        ("", None, State.WARN),
        ("", 1, State.FAIL),
        ("short", 1, State.WARN),
        ("a" * 64, 1, State.WARN),
        ("0123456789abcdef0123456789abcdef", 1, State.OK),
    ],
)
async def test_webhook_secrets_must_be_hard_to_guess(
    secrets: str, app_id: int | None, state: State
) -> None:
    """Anyone who guesses one can send commands in everybody's name."""
    values = settings(webhook_secrets=secrets).model_copy(update={"app_id": app_id})
    found = await check_webhook_secrets(values)
    assert found.state is state
    assert not secrets or secrets not in found.detail


async def test_the_sandbox_says_which_walls_stand(tmp_path: Path) -> None:
    """Without bubblewrap it is a warning: analyzers still run with limits."""
    found = await check_sandbox(Sandbox(bubblewrap=tmp_path / "missing"))
    assert found.state is State.WARN
    assert found.mend is not None
    assert "bubblewrap" in found.mend
    whole = Sandbox()
    walled = await whole.isolation() == "bubblewrap"
    assert (await check_sandbox(whole)).state is (State.OK if walled else State.WARN)


async def test_an_unknown_model_is_told_with_those_that_there_are() -> None:
    """A wrong NOFX_MODEL is found before the first webhook comes."""
    (result,) = await run_checks(
        [("model", lambda: check_model(settings(model="x"), Sandbox(), SystemClock()))]
    )
    assert result.state is State.FAIL
    assert result.mend is not None
    assert "rules" in result.mend


async def test_a_database_that_is_away_is_a_failure() -> None:
    """Nobody listens on port 1."""
    url = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"
    values = settings(mongodb_url=url)
    (result,) = await run_checks(
        [("database", lambda: check_database(values, SCHEMA))], longest=20
    )
    assert result.state is State.FAIL
    assert result.mend is not None


async def test_the_database_is_compared_with_the_schema(mongodb_url: str) -> None:
    """Empty is fine, current is fine, and what differs is named."""
    url = f"{mongodb_url}doctor"
    values = settings(mongodb_url=url)
    database = connect(url, embedded=True)
    try:
        assert "empty" in (await check_database(values, SCHEMA)).detail
        await migrate(database, SCHEMA)
        found = await check_database(values, SCHEMA)
        assert (found.state, "this version's." in found.detail) == (State.OK, True)
        name = SCHEMA.collections[0].name
        await database.db.command("collMod", name, validator={})
        found = await check_database(values, SCHEMA)
        assert found.state is State.WARN
        assert name in found.detail
        await migrate(database, SCHEMA)
        assert await pending(database, SCHEMA) == ()
    finally:
        await database.client.drop_database(database.db)
        await database.close()


async def test_what_is_pending_is_what_migrate_does(database: Database) -> None:
    """Reading beforehand and doing agree, for an empty database and a dropped index."""
    before = await pending(database, SCHEMA)
    assert await migrate(database, SCHEMA) == before
    spec = next(spec for spec in SCHEMA.collections if spec.indexes)
    await database.db[spec.name].drop_index(spec.indexes[0].name)
    (missing,) = await pending(database, SCHEMA)
    assert (missing.kind, missing.detail) == ("index_created", spec.indexes[0].name)
    assert await migrate(database, SCHEMA) == (missing,)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Give a GitHub on this machine."""
    simulator = Simulator(port=0, host="127.0.0.1")
    await simulator.start()
    yield simulator
    await simulator.close()


async def test_github_is_asked_who_the_app_is(simulator: Simulator) -> None:
    """The right key is accepted; a key of another App is told, with its cure."""
    app = simulator.register_app(
        slug="nofx", webhook_url="http://127.0.0.1:1/", webhook_secret="s" * 32
    )
    values = settings(
        app_id=app.app_id, private_key=app.private_key, github_url=simulator.api_url
    )
    found = await check_app(values, SystemClock())
    assert found.state is State.OK, found
    stranger = values.model_copy(update={"app_id": app.app_id + 1})
    (result,) = await run_checks(
        [("GitHub App", lambda: check_app(stranger, SystemClock()))]
    )
    assert result.state is State.FAIL
    assert result.mend


def test_an_app_that_may_too_little_is_told_what_it_lacks() -> None:
    """A missing permission is a failure, a missing event a warning."""
    whole = AppIdentity(
        id=1, slug="nofx", permissions=PERMISSIONS, events=tuple(EVENTS)
    )
    assert judged_app(whole).state is State.OK
    poor = judged_app(replace(whole, permissions={**PERMISSIONS, "checks": "read"}))
    assert (poor.state, "checks: write" in poor.detail) == (State.FAIL, True)
    deaf = judged_app(replace(whole, events=("pull_request",)))
    assert (deaf.state, "issue_comment" in deaf.detail) == (State.WARN, True)


def test_a_reviewer_that_cannot_read_one_line_is_a_failure() -> None:
    """An analyzer that is missing shows before the first pull request does."""
    answer = ReviewAnswer(proposals=(), unread={"trial.py:0": "ruff is missing"})
    found = judged_trial("rules", answer)
    assert (found.state, "ruff is missing" in found.detail) == (State.FAIL, True)


async def test_without_an_app_the_rest_still_works() -> None:
    """Review and demo need none, so it is a warning."""
    assert (await check_app(settings(), SystemClock())).state is State.WARN


def test_what_is_asked_for_is_what_app_yml_says() -> None:
    """The doctor misses nothing that the manifest wants, and wants nothing more."""
    text = (Path(__file__).parents[2] / "app.yml").read_text()
    manifest = yaml.safe_load(text)
    assert manifest["default_permissions"] == PERMISSIONS
    assert set(manifest["default_events"]) == EVENTS


async def test_one_failure_hides_no_other() -> None:
    """An error and a check that hangs are results like any other."""

    async def broken() -> Finding:
        raise StoreUnavailableError(reason="no route")

    async def hanging() -> Finding:
        await asyncio.Event().wait()
        return ok("never")

    async def fine() -> Finding:
        return ok("fine")

    checks = [("a", broken), ("b", hanging), ("c", fine)]
    results = await run_checks(checks, longest=0.01)
    assert [result.state for result in results] == [State.FAIL, State.FAIL, State.OK]
    assert "no route" in results[0].detail
    assert "No answer within 0.01 seconds." in results[1].detail


async def test_the_whole_examination_has_a_line_for_everything(
    mongodb_url: str,
) -> None:
    """Ten checks in the order in which people set things up."""
    results = await examine(
        settings(mongodb_url=f"{mongodb_url}whole"),
        schema=SCHEMA,
        environ=environment(),
        clock=SystemClock(),
    )
    assert [result.name for result in results] == [
        "settings",
        "git",
        "data folder",
        "database",
        "session memory",
        "GitHub App",
        "publisher",
        "webhook secrets",
        "model",
        "sandbox",
    ]
    assert State.FAIL not in {result.state for result in results}
    assert results[8].detail.startswith("rules reviewed a trial change")

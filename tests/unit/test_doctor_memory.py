"""The doctor says whether memory is on, and whether its keys are the right ones."""

import base64
from pathlib import Path

import pytest

from bot.base import opened
from bot.doctor.memory import check_memory
from bot.doctor.results import CheckResult, State, run_checks
from bot.settings import Settings, environment, load_settings
from core.clock import SystemClock
from core.store.database import connect
from tests.fakes.memory import KEYS, PULL

LINES = [f"{name}:{base64.b64encode(key).decode()}" for name, key in KEYS.items()]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start with no setting, in an empty folder."""
    for name in environment():
        if name.startswith("NOFX_") or name in ("MONGODB_URL", "PORT"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def held_by(folder: Path) -> list[Path]:
    """Return what lies in a folder."""
    return list(folder.iterdir())


async def checked(settings: Settings) -> CheckResult:
    """Return what the doctor says of memory."""
    (result,) = await run_checks(
        [("session memory", lambda: check_memory(settings, SystemClock()))]
    )
    return result


async def test_before_the_first_start_nothing_is_made(tmp_path: Path) -> None:
    """With the embedded database there will be a key; elsewhere there is none."""
    found = await checked(load_settings(None))
    assert found.state is State.OK
    assert "will be made" in found.detail
    assert held_by(tmp_path) == []
    off = await checked(load_settings(None, mongodb_url="mongodb://127.0.0.1:1/"))
    assert off.state is State.WARN
    assert "is off" in off.detail
    assert off.mend is not None
    assert "nofx memory keys generate" in off.mend


async def test_the_active_key_is_proved_and_older_ones_are_counted(
    mongodb_url: str,
) -> None:
    """From the first start to the end of a rotation, and with the wrong key."""
    url = f"{mongodb_url}doctor_memory?retryWrites=false"
    right = load_settings(None, mongodb_url=url, memory_keys=",".join(LINES))
    fresh = await checked(right)
    assert "none is in use yet" in fresh.detail
    async with opened(right, warm=False) as base:
        await base.memory.opened().of(PULL)
        assert (await checked(right)).detail == (
            "On: key k1 (environment) is active and proved;"
            " no session is under an older one."
        )
        rotation = base.memory.keyring().rotation
        await rotation.add("k2", actor="cli:ada")
        await rotation.promote("k2", actor="cli:ada")
        open_still = await checked(right)
        assert "1 session under older keys" in open_still.detail
        assert open_still.mend == "Run `nofx memory keys rewrap`."

    swapped = f"k2:{LINES[0].partition(':')[2]}"
    for keys, said in ((swapped, "not the key that was"), (LINES[0], "not among")):
        wrong = load_settings(None, mongodb_url=url, memory_keys=keys)
        result = await checked(wrong)
        assert result.state is State.FAIL
        assert "k2" in result.detail
        assert said in result.detail
    database = connect(url, embedded=True)
    await database.client.drop_database(database.db)
    await database.close()

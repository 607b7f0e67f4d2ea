"""Workers, the database and GitHub are struck at random, and all stands once."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.app import running
from bot.base import opened
from core.clock import SystemClock
from core.store.embedded import EmbeddedServer
from tests.fakes.crew import hired
from tests.fakes.proofs import alarms, until_calm, wrongs
from tests.fakes.storm import Storm
from tests.fakes.town import built_town

WORKERS = 3


@pytest.mark.parametrize(
    ("seconds", "pulls"),
    [
        pytest.param(8, 8, marks=pytest.mark.timeout(300)),
        pytest.param(60, 40, marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
        pytest.param(300, 150, marks=[pytest.mark.slow, pytest.mark.timeout(1200)]),
    ],
)
async def test_what_a_storm_leaves_stands_once(
    tmp_path: Path, chaos_seed: int, seconds: float, pulls: int
) -> None:
    """Every run ends, nothing is lost or doubled, and every chain is proved."""
    with capture_logs() as said:
        async with (
            EmbeddedServer.running(tmp_path / "data", clock=SystemClock()) as server,
            built_town(tmp_path, server.url) as town,
        ):
            async with (
                running(town.settings, host="127.0.0.1", port=0, workers=0) as bot,
                hired(town.settings, tmp_path, size=WORKERS) as crew,
            ):
                town.github.set_webhook_url(f"{bot.url}/webhooks/github")
                base = bot.base
                storm = Storm(town, crew, server, base.database, seed=chaos_seed)
                await storm.rage(seconds, pulls=pulls)
                print(f"The storm: {dict(storm.counts)}")  # noqa: T201 # for a failure
                await until_calm(town, base.database, seconds=120 + seconds)
                ended = await crew.dismiss()
            async with opened(town.settings) as after:
                assert await wrongs(town, after) == []
    assert alarms([*crew.log(), *said]) == []
    assert (ended, crew.odd) == ([0] * WORKERS, [])

"""`nofx deliveries`: what was given up, and trying it again."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.schema import SCHEMA
from bot.webhooks.deliveries import Deliveries
from bot.webhooks.delivery import DeliveryState, arrived
from core.clock import SystemClock
from core.store.database import connect
from core.store.migrate import migrate
from tests.fakes.cli import bare_cli, nofx

GUIDS = ("0b989ba4-242f-11e5-81e1-c7b6966d2516", "1b989ba4-242f-11e5-81e1-c7b6966d2516")


@pytest.fixture(autouse=True)
def address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mongodb_url: str
) -> Iterator[str]:
    """Give the command line a database of its own, in which two were given up."""
    with bare_cli(monkeypatch, tmp_path, mongodb_url) as url:
        asyncio.run(give_up(url))
        yield url


async def give_up(address: str) -> None:
    """Take two deliveries in, and give them up."""
    database = connect(address, embedded=True)
    await migrate(database, SCHEMA)
    kept = Deliveries(database, clock=SystemClock())
    for guid in GUIDS:
        await kept.add(
            arrived(guid=guid, event="pull_request", action="opened", body=b"{}")
        )
    for candidate in await kept.due(DeliveryState.RECEIVED, most=9):
        held = await kept.claim(candidate, owner="x", seconds=60)
        assert held is not None
        assert await kept.bury(held, "GitHub said 500")
    await database.close()


def test_what_was_given_up_is_listed_and_tried_again() -> None:
    """One by its GUID, or all that are left."""
    listed = nofx("deliveries", "list")
    assert listed.exit_code == 0, listed.output
    for word in (*GUIDS, "pull_request.opened", "GitHub said 500"):
        assert word in listed.stdout
    (one, _) = json.loads(nofx("deliveries", "list", "--json").stdout)["deliveries"]
    assert (one["guid"], one["attempts"], one["action"]) == (GUIDS[0], 1, "opened")
    again = nofx("deliveries", "retry", GUIDS[0])
    assert (again.exit_code, again.stdout) == (0, "")
    assert "1 delivery will be tried again." in again.stderr
    assert "1 delivery will be" in nofx("deliveries", "retry", "--all").stderr
    assert "None was given up." in nofx("deliveries", "list").stderr
    assert "0 deliveries will be" in nofx("deliveries", "retry", "--all").stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "name deliveries, or give --all"),
        ((GUIDS[0], "--all"), 2, "name deliveries, or give --all"),
        (("nonsense",), 2, "nonsense"),
    ],
)
def test_what_cannot_be_tried_is_told(
    words: tuple[str, ...], code: int, said: str
) -> None:
    """Nothing is tried then."""
    refused = nofx("deliveries", "retry", *words)
    assert (refused.exit_code, said in refused.stderr) == (code, True), refused.stderr
    left = json.loads(nofx("deliveries", "list", "--json").stdout)["deliveries"]
    assert len(left) == 2

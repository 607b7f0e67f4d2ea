"""Each delivery moves the counter of what became of it, and no other."""

import pytest
from pytest_aiohttp import AiohttpClient

from bot.webhooks.deliveries import Deliveries
from bot.webhooks.delivery import Delivery
from bot.webhooks.outcome import Done, Ignored, Outcome
from bot.webhooks.sieve import sieve
from core.clock import SystemClock
from core.store.database import Database
from tests.fakes.hooks import HookSender
from tests.fakes.inboxes import QUICK, arrive, ended, stored_in, working
from tests.fakes.measures import Measures
from tests.fakes.payloads import APP, comment
from tests.fakes.receivers import serve

TOTAL = "nofx_deliveries_total"


@pytest.fixture
async def store(database: Database) -> Database:
    """Give a database that has the collection of deliveries."""
    return await stored_in(database)


async def test_the_door_counts_what_it_takes_in_and_what_not(
    aiohttp_client: AiohttpClient, store: Database
) -> None:
    """A name that GitHub has not is `other`, so that no caller makes up series."""
    github = HookSender(await serve(aiohttp_client, store, sift=sieve(APP)))
    measures = Measures()
    await github.post("issue_comment", comment(), guid="command")
    await github.post("issue_comment", comment(), guid="command")
    await github.post("issue_comment", comment(body="Fine."), guid="talk")
    await github.post("issue_comment", comment(body="Fine."), guid="talk")
    unsigned = {"X-Hub-Signature-256": None}
    await github.post("pull_request", headers=unsigned)
    await github.post("made_up_by_anybody", headers=unsigned)
    assert measures.all_moved(TOTAL) == {
        ("issue_comment", "received"): 2,
        ("issue_comment", "duplicate"): 2,
        ("issue_comment", "ignored"): 1,
        ("pull_request", "refused"): 1,
        ("other", "refused"): 1,
    }


async def test_the_inbox_counts_how_each_attempt_ends(store: Database) -> None:
    """Done, ignored, put off for another try, and given up."""
    deliveries = Deliveries(store, clock=SystemClock())
    tries: dict[str, int] = {}

    async def handle(delivery: Delivery) -> Outcome:
        tries[delivery.guid] = tries.get(delivery.guid, 0) + 1
        if delivery.guid == "fails" or tries[delivery.guid] < 2 <= len(delivery.guid):
            raise ZeroDivisionError
        return Ignored("it asks nothing") if delivery.guid == "i" else Done()

    measures = Measures()
    await arrive(deliveries, "d", "i", "once", "fails")
    async with working(deliveries, handle, policy=QUICK):
        await ended(store, "d", "i", "once", "fails")
    assert tries == {"d": 1, "i": 1, "once": 2, "fails": 3}
    assert measures.all_moved(TOTAL) == {
        ("pull_request", "done"): 2,
        ("pull_request", "ignored"): 1,
        ("pull_request", "retried"): 3,
        ("pull_request", "dead"): 1,
    }
    calls = measures.all_moved("nofx_handler_duration_seconds_count")
    assert calls == {("delivery:pull_request",): 7}

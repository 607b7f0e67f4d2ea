"""Named roles over the real database: one holder, a lease, a fence that grows."""

import asyncio
from datetime import timedelta

import pytest
from pymongo.errors import WriteError

from core.store.database import Database
from core.store.roles import COLLECTION, Lease, Roles
from tests.fakes.clock import NOON, FakeClock


@pytest.fixture
async def roles(database: Database, clock: FakeClock) -> Roles:
    """Give roles in a migrated database."""
    return Roles(database, clock=clock)


async def test_the_first_to_come_takes_a_new_role(roles: Roles) -> None:
    """The others wait until its lease has run out."""
    taken = await roles.take("feeder", "a", 6)

    assert taken == Lease(
        role="feeder", holder="a", fence=1, until=NOON + timedelta(seconds=6)
    )
    assert await roles.take("feeder", "b", 6) is None
    assert await roles.take("reaper", "b", 6) is not None


async def test_a_lease_that_ran_out_goes_to_one_of_those_who_ask(
    roles: Roles, clock: FakeClock
) -> None:
    """The fence grows, and who held it before can renew it no more."""
    before = await roles.take("feeder", "dead", 6)
    clock.jump(5.999)
    assert await roles.take("feeder", "early", 6) is None
    clock.jump(0.001)
    names = [f"w{n}" for n in range(20)]
    found = await asyncio.gather(*(roles.take("feeder", name, 6) for name in names))

    winners = [lease for lease in found if lease is not None]
    assert len(winners) == 1
    assert winners[0].fence == 2
    assert before is not None
    assert await roles.renew(before, 6) is None
    assert await roles.renew(winners[0], 6) is not None


async def test_of_many_who_begin_a_role_one_gets_it(roles: Roles) -> None:
    """A role that nobody ever had is no exception."""
    names = [f"w{n}" for n in range(20)]
    found = await asyncio.gather(*(roles.take("new", name, 6) for name in names))

    assert sum(lease is not None for lease in found) == 1


async def test_renewing_extends_the_lease_and_leaves_a_note(
    roles: Roles, clock: FakeClock
) -> None:
    """The note is what the next holder begins with."""
    lease = await roles.take("feeder", "a", 6)
    assert lease is not None
    assert await roles.note("feeder") == {}
    clock.jump(4)
    renewed = await roles.renew(lease, 6, {"head": 7})
    assert renewed is not None
    assert renewed.until == clock.now() + timedelta(seconds=6)
    clock.jump(4)
    assert await roles.take("feeder", "b", 6) is None
    assert await roles.note("feeder") == {"head": 7}
    clock.jump(2)
    after = await roles.take("feeder", "b", 6)
    assert after is not None
    assert after.note == {"head": 7}
    kept = await roles.renew(after, 6)
    assert kept is not None
    assert kept.note == {"head": 7}


async def test_a_released_role_is_free_at_once_and_keeps_its_fence(
    roles: Roles,
) -> None:
    """The document stays, so that an older fence can never come again."""
    lease = await roles.take("feeder", "a", 6)
    assert lease is not None
    await roles.release(lease, {"head": 3})
    after = await roles.take("feeder", "b", 6)

    assert after is not None
    assert (after.fence, after.note) == (2, {"head": 3})
    await roles.release(lease)  # no longer its own: nothing happens
    assert await roles.take("feeder", "c", 6) is None
    assert await roles.note("nobody's") == {}


async def test_the_database_refuses_a_role_without_a_fence(
    roles: Roles, database: Database
) -> None:
    """Validators guard roles as they guard everything else."""
    assert await roles.take("feeder", "a", 6) is not None
    with pytest.raises(WriteError):
        await database.db[COLLECTION].update_one(
            {"_id": "feeder"}, {"$set": {"fence": 0}}
        )

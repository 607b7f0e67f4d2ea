"""What processes do with the keys of memory, until they have done it or die."""

from core.clock import Clock, SystemClock
from core.memory.keys.local import LocalKeys
from core.memory.keys.ring import KeyRing
from core.memory.keys.rotation import Rotation
from core.memory.keys.signing import Signing
from core.memory.keys.state import SETTLED
from core.memory.model import Scope
from core.store.database import Database
from tests.fakes.ahead import AheadClock
from tests.fakes.memory import KEYS, Remembering, message, remembering
from tests.faults.deaths import Said

CLOCK = SystemClock()
# By this clock it is long ago that a key was replaced.
AFTERWARDS = AheadClock(2 * SETTLED.total_seconds())
PULLS = range(1, 6)


def pull(number: int) -> Scope:
    """Return what a session belongs to."""
    return Scope(kind="pull", repository="octo/hello", pull=number)


def rotation_of(one: Remembering, clock: Clock = CLOCK) -> Rotation:
    """Return what rotates, by a clock."""
    ring = KeyRing(one.database, LocalKeys(KEYS), clock=clock)
    return Rotation(
        one.database, ring, journal=one.journal, audit=one.audit, clock=clock
    )


async def begin(database: Database, _: Said) -> None:
    """Start for the first time, remember something, and sign something."""
    here = await remembering(database, CLOCK)
    for number in PULLS:
        session = await here.memory.of(pull(number))
        await here.memory.append(session.id, [message(f"in {number}")], expected=0)
    await Signing(database, here.ring, clock=CLOCK).signer()
    await rotation_of(here).tell()
    await here.close()


async def rotate(database: Database, _: Said) -> None:
    """Rotate from the first key to the second, a few sessions at a time."""
    here = await remembering(database, CLOCK)
    rotation = rotation_of(here)
    await rotation.add("k2", actor="cli:ada")
    await rotation.promote("k2", actor="cli:ada")
    while (await rotation.rewrap(actor="cli:ada", most=2)).left:
        continue
    await rotation_of(here, AFTERWARDS).retire("k1", actor="cli:ada")
    await here.close()

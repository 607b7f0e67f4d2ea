"""Blobs that hold what must go: gone at once, said to be, and not taken in again."""

from random import Random

import pytest

from core.errors import BlobNotFoundError, BlobRedactedError
from core.redaction.blobs import BlobRedaction
from core.redaction.erased import fits
from core.redaction.signing import NO_KEYS
from core.store.blobs import Blobs, Digest
from core.store.database import Database
from core.store.digests import digest_of
from core.store.pieces import CUT_ABOVE, cut
from tests.fakes.clock import FakeClock
from tests.fakes.raw import places_of
from tests.fakes.signing import FakeSigner, order

SECRET = "the horse is called Rosinante"
SIGNER = FakeSigner()


class Store:
    """A store of blobs, and who redacts in it."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database = database
        self.blobs = Blobs(database, clock=clock)
        self.redaction = BlobRedaction(database, signer=SIGNER, clock=clock)

    async def codec(self, data: bytes) -> str:
        """Return how a value lies in the database."""
        found = await self.database.db["blobs"].find_one({"_id": digest_of(data)})
        assert found is not None
        return str(found["codec"])


@pytest.fixture
async def store(database: Database, clock: FakeClock) -> Store:
    """Give an empty store."""
    return Store(database, clock)


def filler(size: int, seed: int) -> bytes:
    """Return bytes that are text, and cut anywhere."""
    return bytes(Random(seed).choices(b"abcdefghij \n", k=size))  # noqa: S311 # filler


def with_the_secret_over_a_border(data: bytes) -> bytes:
    """Return data whose cut comes in the middle of the secret."""
    secret = SECRET.encode()
    parts = cut(data)
    for count in range(2, len(parts) - 2):
        at = sum(map(len, parts[:count]))
        for shift in range(1, len(secret)):
            made = data[: at - shift] + secret + data[at - shift + len(secret) :]
            if not any(secret in part for part in cut(made)):
                return made
    raise AssertionError("no border lies in the secret")


async def test_what_holds_the_text_is_gone_and_says_so(store: Store) -> None:
    """Its name stays, its bytes do not, and what does not hold it is untouched."""
    bad, good = f"diff: {SECRET}".encode(), b"diff: nothing"
    digests = [await store.blobs.put(bad), await store.blobs.put(good)]
    erased = await store.redaction.erase(digests, order(SECRET))
    assert (erased.blobs, erased.shared, erased.damaged) == (1, 0, 0)
    with pytest.raises(BlobRedactedError, match="was redacted") as caught:
        await store.blobs.get(digests[0])
    assert fits(caught.value.tombstone, SIGNER.known)
    assert not fits({**caught.value.tombstone, "digest": digests[1]}, SIGNER.known)
    assert not fits(caught.value.tombstone, NO_KEYS)
    assert await store.blobs.get(digests[1]) == good
    assert await places_of(store.database, SECRET) == []


@pytest.mark.parametrize("size", [100, CUT_ABOVE * 3])
async def test_who_still_has_the_bytes_cannot_put_them_back(
    store: Store, size: int
) -> None:
    """A worker in flight is refused, with the whole and with a piece of it."""
    data = filler(size, 1) + SECRET.encode() + filler(size, 2)
    digest = await store.blobs.put(data)
    await store.redaction.erase([digest], order(SECRET))
    for again in (data, *(part for part in cut(data) if SECRET.encode() in part)):
        with pytest.raises(BlobRedactedError):
            await store.blobs.put(again)
    assert await places_of(store.database, SECRET) == []
    assert (await store.redaction.erase([digest], order(SECRET))).blobs == 0


async def test_a_text_over_the_border_of_two_parts_goes(store: Store) -> None:
    """Neither part holds it whole; both go, and the others wait for the sweep."""
    data = with_the_secret_over_a_border(filler(CUT_ABOVE * 4, 3))
    await store.blobs.put(data)
    erased = await store.redaction.erase([digest_of(data)], order(SECRET))
    assert erased.blobs == 3
    for half in (SECRET[:5], SECRET[-5:]):
        assert await places_of(store.database, half) == []
    codecs = [await store.codec(part) for part in cut(data)]
    assert codecs.count("gone") == 2
    assert codecs.count("zstd") == len(codecs) - 2


async def test_a_part_that_another_blob_needs_stays(store: Store) -> None:
    """What somebody else's blob is made of is theirs; it is told that it is there."""
    shared = filler(CUT_ABOVE * 2, 4) + SECRET.encode() + filler(CUT_ABOVE * 2, 5)
    ours, theirs = shared + b"ours", filler(CUT_ABOVE // 2, 6) + shared
    for data in (ours, theirs):
        await store.blobs.put(data)
    common = set(cut(ours)) & set(cut(theirs))
    assert any(SECRET.encode() in part for part in common)
    erased = await store.redaction.erase([digest_of(ours)], order(SECRET))
    assert (erased.blobs, erased.shared) == (1, 1)
    assert await store.blobs.get(digest_of(theirs)) == theirs
    again = await store.redaction.erase([digest_of(ours)], order(SECRET))
    assert (again.blobs, again.shared) == (0, 0)
    last = await store.redaction.erase([digest_of(theirs)], order(SECRET))
    assert last.blobs == 2
    assert await places_of(store.database, SECRET) == []


async def test_what_a_blob_names_is_gone_through_as_well(store: Store) -> None:
    """A list of files leads to the files, also once the list itself is gone."""
    file = await store.blobs.put(f"name = '{SECRET}'".encode())
    listed = await store.blobs.put_json({f"{SECRET}.py": file})
    state = await store.blobs.put_json({"files_blob": listed})
    assert (await store.redaction.erase([listed], order("nothing"))).blobs == 0
    assert (await store.redaction.erase([state], order(SECRET))).blobs == 2
    assert await places_of(store.database, SECRET) == []
    assert await store.blobs.get_json(state) == {"files_blob": listed}


async def test_a_value_that_is_also_a_part_takes_its_own_parts_along(
    store: Store,
) -> None:
    """What was stored by itself before it became a part has parts of its own."""
    whole = filler(CUT_ABOVE * 64, 7)
    part = next(one for one in cut(whole) if len(one) > CUT_ABOVE)
    at = whole.index(part) + len(part) // 2
    whole = whole[:at] + SECRET.encode() + whole[at + len(SECRET) :]
    part = next(one for one in cut(whole) if SECRET.encode() in one)
    assert len(part) > CUT_ABOVE
    await store.blobs.put(part)
    await store.blobs.put(whole)
    assert await store.codec(part) == "parts"
    await store.redaction.erase([digest_of(whole)], order(SECRET))
    assert await places_of(store.database, SECRET) == []
    assert await store.codec(part) == "gone"


async def test_what_is_not_there_is_not_made_up(store: Store) -> None:
    """A digest that names nothing leaves nothing behind."""
    nothing = Digest("sha256:" + "0" * 64)
    assert (await store.redaction.erase([nothing], order(SECRET))).blobs == 0
    with pytest.raises(BlobNotFoundError):
        await store.blobs.get(nothing)


async def test_what_is_damaged_is_counted_and_left(store: Store) -> None:
    """Nobody can say what it holds, so somebody has to look at it."""
    digest = await store.blobs.put(SECRET.encode())
    await store.database.db["blobs"].update_one(
        {"_id": digest}, {"$set": {"size": 1, "data": b"rubbish"}}
    )
    erased = await store.redaction.erase([digest], order(SECRET))
    assert (erased.blobs, erased.damaged) == (0, 1)

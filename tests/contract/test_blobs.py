"""Blobs keep what they were given, over each driver that can carry them."""

import asyncio

import pytest
from bson import Binary
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import (
    BlobCorruptError,
    BlobNotFoundError,
    BlobNotJsonError,
)
from core.store.blobs import BLOBS, LARGEST_INLINE, Blobs, Digest, digest_of
from core.store.database import (
    Database,
)
from core.store.migrate import migrate
from core.store.schema import Schema

NOISE = b"".join(digest_of(bytes([n % 256, n // 256])).encode() for n in range(64))
SCHEMA = Schema(version=1, collections=BLOBS)


@pytest.fixture
async def blobs(store: Database) -> Blobs:
    """Give blobs in a migrated database."""
    await migrate(store, SCHEMA)
    return Blobs(store)


@pytest.mark.parametrize(
    "data", [b"", b"a", b"\x00\xff" * 1000, NOISE * 2000, bytes(3_000_000)]
)
async def test_a_blob_comes_back_as_it_went_in(blobs: Blobs, data: bytes) -> None:
    """Empty, binary, large: the same bytes under the SHA-256 that anybody can check."""
    digest = await blobs.put(data)
    assert digest == digest_of(data)
    assert await blobs.get(digest) == data


async def test_a_blob_is_stored_once(store: Database, blobs: Blobs) -> None:
    """Ten writers of the same bytes leave one document."""
    digests = await asyncio.gather(*(blobs.put(NOISE) for _ in range(10)))
    assert set(digests) == {digest_of(NOISE)}
    assert [found["_id"] async for found in store.db["blobs"].find({})] == [digests[0]]


async def test_a_large_blob_goes_to_gridfs_once(store: Database, blobs: Blobs) -> None:
    """Nine MiB that do not compress are a file, whose twin leaves nothing behind."""
    data = incompressible(LARGEST_INLINE + 1024 * 1024)
    digests = await asyncio.gather(blobs.put(data), blobs.put(data))
    assert await blobs.get(digests[0]) == data
    files = [found["_id"] async for found in store.db["blobs.files"].find({})]
    found = await store.db["blobs"].find_one({"_id": digests[1]})
    assert found is not None
    assert files == [found["file"]]


def incompressible(size: int) -> bytes:
    """Return the same noise every time."""
    blocks = (digest_of(n.to_bytes(4))[7:] for n in range(size // 32))
    return bytes.fromhex("".join(blocks))


async def test_a_file_that_is_gone_is_named(store: Database, blobs: Blobs) -> None:
    """The chunks of a large blob vanished: it is damaged, not missing."""
    digest = await blobs.put(incompressible(LARGEST_INLINE + 1024 * 1024))
    await store.db["blobs.files"].delete_many({})
    with pytest.raises(BlobCorruptError, match="missing or cut short"):
        await blobs.get(digest)


async def test_a_blob_that_was_never_stored(blobs: Blobs) -> None:
    """The error names the digest that was asked for."""
    digest = digest_of(b"never")
    with pytest.raises(BlobNotFoundError, match=digest):
        await blobs.get(digest)


async def swap(store: Database, digest: Digest, **fields: object) -> None:
    """Damage a stored blob as a bad disk or a bad hand would."""
    await store.db["blobs"].update_one({"_id": digest}, {"$set": fields})


async def test_damage_is_seen_when_read(store: Database, blobs: Blobs) -> None:
    """Other bytes, half a frame, a wrong size: none is handed out."""
    digest = await blobs.put(b"right")
    other = await blobs.put(b"wrong")
    there = await store.db["blobs"].find_one({"_id": other})
    assert there is not None
    await swap(store, digest, data=there["data"])
    with pytest.raises(BlobCorruptError, match="another SHA-256"):
        await blobs.get(digest)
    await swap(store, digest, data=Binary(there["data"][:-3]))
    with pytest.raises(BlobCorruptError):
        await blobs.get(digest)
    await swap(store, digest, data=there["data"], size=1)
    with pytest.raises(BlobCorruptError, match="size"):
        await blobs.get(digest)


async def test_equal_json_is_one_blob(blobs: Blobs) -> None:
    """The order of keys and the spelling of numbers do not matter."""
    first = await blobs.put_json({"b": [1.0, "ü"], "a": None})
    second = await blobs.put_json({"a": None, "b": [1, "ü"]})
    assert first == second
    assert await blobs.get_json(first) == {"a": None, "b": [1, "ü"]}


async def test_a_blob_that_is_not_json_cannot_be_read_as_such(blobs: Blobs) -> None:
    """Bytes stored as bytes are refused by the reader of JSON."""
    digest = await blobs.put(b"{")
    with pytest.raises(BlobCorruptError, match="not JSON"):
        await blobs.get_json(digest)


@pytest.mark.parametrize("value", [float("nan"), 2**53, {1: 2}, b"x", "\ud800"])
async def test_what_has_no_canonical_json_is_refused(
    blobs: Blobs, value: object
) -> None:
    """Refused before anything is stored, with the reason."""
    with pytest.raises(BlobNotJsonError):
        await blobs.put_json(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(value=JSON)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_any_json_comes_back_equal(blobs: Blobs, value: object) -> None:
    """Whatever JSON can say is stored and read back the same."""
    assert await blobs.get_json(await blobs.put_json(value)) == value

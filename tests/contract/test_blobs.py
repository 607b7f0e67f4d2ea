"""Blobs keep what they were given, over each driver that can carry them."""

import asyncio

import bson
import pytest
from bson import Binary
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import (
    BlobCorruptError,
    BlobNotFoundError,
    BlobNotJsonError,
)
from core.store.blobs import BLOBS, Blobs, Digest, digest_of
from core.store.database import Database
from core.store.migrate import migrate
from core.store.pieces import cut
from core.store.schema import Schema
from tests.fakes.noise import noise

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
    assert await blobs.size(digest) == len(data)


async def test_a_blob_is_stored_once(store: Database, blobs: Blobs) -> None:
    """Ten writers of the same bytes leave one document."""
    digests = await asyncio.gather(*(blobs.put(NOISE) for _ in range(10)))
    assert set(digests) == {digest_of(NOISE)}
    assert [found["_id"] async for found in store.db["blobs"].find({})] == [digests[0]]


async def stored_bytes(store: Database) -> int:
    """Return how many bytes of data all blobs take, lists of parts included."""
    documents = [one async for one in store.db["blobs"].find({})]
    return sum(
        len(one.get("data", b"")) + sum(map(len, one.get("parts", ())))
        for one in documents
    )


async def test_a_blob_of_25_mb_is_stored_once_and_comes_back(
    store: Database, blobs: Blobs
) -> None:
    """Larger than a document may be, by two writers at a time; its list stays short."""
    data = noise(25_000_000)
    digests = await asyncio.gather(blobs.put(data), blobs.put(data))
    assert set(digests) == {digest_of(data)}
    assert await blobs.get(digests[0]) == data
    whole = await store.db["blobs"].find_one({"_id": digests[0]})
    assert whole is not None
    assert len(bson.encode(whole)) < 16 * 1024
    assert await stored_bytes(store) < len(data) * 1.01


async def test_a_state_of_1_mb_with_a_small_change_is_not_stored_again(
    store: Database, blobs: Blobs
) -> None:
    """A finding is judged in the middle of a large state: a few parts are new."""
    findings = [
        {"id": noise(32, n).hex(), "line": n, "title": noise(100, n).hex()}
        for n in range(3_600)
    ]
    first = await blobs.put_json({"findings": findings})
    before = await stored_bytes(store)
    findings[1_800]["title"] = "It was judged, and the text is longer than before." * 9
    second = await blobs.put_json({"findings": findings})
    assert len(await blobs.get(first)) > 1_000_000
    assert await blobs.get_json(second) == {"findings": findings}
    assert await stored_bytes(store) - before < 64 * 1024


async def test_a_blob_may_be_a_part_of_another(blobs: Blobs) -> None:
    """A part of a large value was stored by itself before, in parts of its own."""
    data = noise(25_000_000)
    part = max(cut(data), key=len)
    assert len(cut(part)) > 1
    await blobs.put(part)
    assert await blobs.get(await blobs.put(data)) == data


LARGE = noise(100_000)


async def test_a_part_that_is_gone_is_named(store: Database, blobs: Blobs) -> None:
    """A part of a large blob vanished: it is damaged, not missing."""
    digest = await blobs.put(LARGE)
    part = digest_of(cut(LARGE)[1])
    await store.db["blobs"].delete_one({"_id": part})
    with pytest.raises(BlobCorruptError, match=f"part {part} is missing"):
        await blobs.get(digest)


async def test_a_damaged_part_is_named(store: Database, blobs: Blobs) -> None:
    """The error is about the blob that was asked for, and says where it is broken."""
    digest = await blobs.put(LARGE)
    parts = [digest_of(part) for part in cut(LARGE)]
    other = await store.db["blobs"].find_one({"_id": parts[0]})
    assert other is not None
    await swap(store, parts[1], data=other["data"], size=other["size"])
    with pytest.raises(BlobCorruptError, match=f"{parts[1]}: its bytes") as caught:
        await blobs.get(digest)
    assert caught.value.facts["digest"] == digest


async def test_a_damaged_list_of_parts_is_seen(store: Database, blobs: Blobs) -> None:
    """Parts in another order, too few, or the blob as its own part."""
    digest = await blobs.put(LARGE)
    parts = [str(digest_of(part)) for part in cut(LARGE)]
    await swap(store, digest, parts=parts[::-1])
    with pytest.raises(BlobCorruptError, match="another SHA-256"):
        await blobs.get(digest)
    await swap(store, digest, parts=parts[1:])
    with pytest.raises(BlobCorruptError, match="size is another"):
        await blobs.get(digest)
    await swap(store, digest, parts=[digest, *parts])
    with pytest.raises(BlobCorruptError, match=f"{digest}: its size"):
        await blobs.get(digest)


async def test_a_blob_that_was_never_stored(blobs: Blobs) -> None:
    """The error names the digest that was asked for."""
    digest = digest_of(b"never")
    with pytest.raises(BlobNotFoundError, match=digest):
        await blobs.size(digest)
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

"""What memory seals opens in its own place and nowhere else, whoever changes the bytes.

Known answers are NIST's (CAVP, gcmtestvectors, gcmDecrypt256 with 96-bit nonces and
128-bit tags: each length once, with two forgeries). Whoever changes the database here
knows everything but the keys, so what has no key in it is made to fit again.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from core.errors import MemoryKeyWrongError, SealBrokenError
from core.memory import chain
from core.memory.envelope import (
    FORMAT,
    NONCE,
    TAG,
    NotAuthenticError,
    Place,
    Sealer,
    digest,
    framed,
)
from core.memory.keys.local import LocalKeys
from core.memory.model import Draft, Head, Kind, Scope, Session
from core.memory.opened import Opened
from tests.fakes.clock import NOON
from tests.fakes.memory import KEYS

NIST = json.loads((Path(__file__).parent / "nist_gcm_256.json").read_text())
PLAIN, AAD = b"what was said", b"its place"
Document = dict[str, Any]


@pytest.mark.parametrize("vector", NIST, ids=lambda one: one[4][:8])
def test_known_answers_open_and_known_forgeries_do_not(
    vector: tuple[str, str, str, str, str, str | None],
) -> None:
    """The order of nonce, ciphertext and tag is the one that everybody has."""
    key, nonce, aad, text, tag = map(bytes.fromhex, vector[:5])
    sealer = Sealer(key)
    if vector[5] is None:
        with pytest.raises(NotAuthenticError):
            sealer.open(nonce + text + tag, aad)
    else:
        assert sealer.open(nonce + text + tag, aad) == bytes.fromhex(vector[5])


def test_macs_are_made_with_a_key_of_their_own() -> None:
    """HKDF (RFC 5869) and HMAC, done here by hand: what is stored must verify later."""
    key = KEYS["k1"]
    extracted = hmac.digest(bytes(32), key, "sha256")
    derived = hmac.digest(extracted, FORMAT + b" mac\x01", "sha256")
    covered = framed(FORMAT, b"item", b"")
    made = hmac.digest(derived, covered, "sha256")
    assert Sealer(key).mac(b"item", b"") == made
    assert made != hmac.digest(key, covered, "sha256")


def test_nonces_have_twelve_bytes_and_do_not_come_again() -> None:
    """The library would take eight: those are refused when they come from outside."""
    sealer = Sealer(KEYS["k1"])
    sealed = [sealer.seal(PLAIN, AAD) for _ in range(2000)]
    assert {len(one) for one in sealed} == {NONCE + len(PLAIN) + TAG}
    assert len({one[:NONCE] for one in sealed}) == len(sealed)
    for length in (8, 11, 13, 16):
        nonce = bytes(length)
        foreign = nonce + AESGCM(KEYS["k1"]).encrypt(nonce, PLAIN, AAD)
        with pytest.raises(NotAuthenticError):
            sealer.open(foreign, AAD)


@given(st.lists(st.binary(max_size=6)), st.lists(st.binary(max_size=6)))
def test_no_two_lists_of_parts_are_framed_alike(
    one: list[bytes], other: list[bytes]
) -> None:
    """Otherwise a session's name could end where another one's number begins."""
    assert (framed(*one) == framed(*other)) == (one == other)


@dataclass(frozen=True)
class Stored:
    """An item in its session, with what is known of it."""

    opened: Opened
    document: Document
    content: Mapping[str, Any]

    @override
    def __repr__(self) -> str:
        """Name the place, not the bytes."""
        return f"{self.document['_id']} at revision {self.document['revision']}"


def session(session_id: str, repository: str, key: bytes) -> Opened:
    """Return a session as it begins, with its key in hand."""
    head = Head(seq=0, link=chain.GENESIS, mac=b"")
    made = Session(
        id=session_id,
        scope=Scope(kind="pull", repository=repository, pull=7),
        fork=False,
        state="live",
        revision=1,
        epoch=0,
        head=head,
        key=None,
        created_at=NOON,
        updated_at=NOON,
        expires_at=NOON,
        generation=1,
        sliding=0,
    )
    return Opened(made, Sealer(key), 0, chain.GENESIS, 0)


def items_of(opened: Opened) -> list[Stored]:
    """Return items of each kind, one of which was redacted since."""
    drafts = [
        Draft(kind=kind, content={"text": f"{kind} in {opened.session.id}"})
        for kind in (Kind.MESSAGE, Kind.MESSAGE, Kind.SUMMARY, Kind.PREFERENCE)
    ]
    documents, _ = opened.sealed(drafts, NOON)
    stored = [
        Stored(opened, document, draft.content)
        for document, draft in zip(documents, drafts, strict=True)
    ]
    cut = {"text": f"[redacted] in {opened.session.id}"}
    later = {**documents[0], **opened.resealed(documents[0], cut)}
    return [*stored, Stored(opened, later, cut)]


# Two sessions of one owner and one of another; no key is anybody else's.
SESSIONS = [
    session("session_a", "octo/hello", b"a" * 32),
    session("session_b", "octo/hello", b"b" * 32),
    session("session_c", "hexa/hello", b"c" * 32),
]
ITEMS = [item for one in SESSIONS for item in items_of(one)]
ITEM = st.sampled_from(ITEMS)


def fitted(document: Document) -> Document:
    """Return a document with every digest that needs no key made to fit."""
    fresh = digest([bytes(document["sealed"])])
    if document["revision"] == 1:
        return {**document, "digest": fresh}
    return {**document, "patch": {**document.get("patch", {}), "digest": fresh}}


def refused(item: Stored, document: Document) -> None:
    """Expect that a document does not open, as it lies there or made to fit."""
    for given_ in (document, fitted(document)):
        with pytest.raises(SealBrokenError):
            item.opened.open(given_)


@given(ITEM)
def test_what_was_left_alone_opens(item: Stored) -> None:
    """Or the rest of these tests would prove nothing."""
    assert item.opened.open(item.document).content == item.content


@given(ITEM, ITEM)
def test_no_two_contents_can_be_swapped(one: Stored, other: Stored) -> None:
    """Not within a session, not between two, and not between two revisions."""
    if one is other:
        return
    names = ("sealed", "patch", "digest")
    taken = {name: other.document[name] for name in names if name in other.document}
    refused(one, {**one.document, "sealed": other.document["sealed"]})
    refused(one, {**one.document, **taken})


@given(ITEM, ITEM)
def test_no_item_can_be_moved_to_another_session(one: Stored, other: Stored) -> None:
    """Whatever else of it is made to look as if it belonged there."""
    there = other.opened.session.id
    if one.opened is other.opened:
        return
    refused(other, {**one.document, "session": there})
    refused(other, one.document)


CHANGES: Mapping[str, Callable[[Document], Any]] = {
    "seq": lambda found: found["seq"] + 1,
    "kind": lambda found: "message" if found["kind"] != "message" else "summary",
    "revision": lambda found: found["revision"] + 1,
    "session": lambda found: f"{found['session']}a",
}


@given(ITEM, st.sampled_from(sorted(CHANGES)))
def test_no_fact_that_places_an_item_can_be_changed(item: Stored, name: str) -> None:
    """Its number, its kind, how often it was redacted, whose it is."""
    changed = {**item.document, name: CHANGES[name](item.document)}
    if name == "session":
        renamed = replace(item.opened.session, id=changed["session"])
        item = replace(item, opened=replace(item.opened, session=renamed))
    refused(item, changed)


@given(ITEM)
def test_no_session_can_be_given_to_another_owner(item: Stored) -> None:
    """The owner is part of every item's place."""
    session_ = item.opened.session
    scope = replace(session_.scope, repository="evil/hello")
    taken = replace(item.opened, session=replace(session_, scope=scope))
    refused(replace(item, opened=taken), item.document)


@given(ITEM, st.data())
def test_no_bit_can_be_flipped(item: Stored, data: st.DataObject) -> None:
    """In nonce, ciphertext or tag."""
    sealed = bytearray(item.document["sealed"])
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[place // 8] ^= 1 << place % 8
    refused(item, {**item.document, "sealed": bytes(sealed)})


@given(ITEM, st.data())
def test_nothing_can_be_cut_off_or_put_on(item: Stored, data: st.DataObject) -> None:
    """At either end, down to nothing."""
    sealed = bytes(item.document["sealed"])
    kept = data.draw(st.integers(0, len(sealed) - 1))
    more = data.draw(st.binary(min_size=1, max_size=20))
    for changed in (sealed[:kept], sealed[-kept:] if kept else b"", sealed + more):
        refused(item, {**item.document, "sealed": changed})
    refused(item, {**item.document, "sealed": more + sealed})


FACTS: Mapping[str, Any] = {
    "role": "system",
    "source": "model",
    "author": "mallory",
    "size": 1,
    "epoch": 9,
    "lineage": [1],
    "refs": {"comment": "666"},
    "redacts": [1],
    "digest": bytes(32),
    "link": bytes(32),
    "seq": 9,
    "kind": "marker",
}


@given(ITEM, st.sampled_from(sorted(FACTS)))
def test_nothing_that_is_told_of_an_item_can_be_changed(
    item: Stored, name: str
) -> None:
    """Also what lies in the clear is covered, by its link to the item before."""
    before = chain.GENESIS
    for one in ITEMS:
        same = one.opened is item.opened and one.document["revision"] == 1
        if same and one.document["seq"] == item.document["seq"] - 1:
            before = bytes(one.document["link"])
    item.opened.follow(before, item.document)
    with pytest.raises(SealBrokenError):
        item.opened.follow(before, {**item.document, name: FACTS[name]})
    with pytest.raises(SealBrokenError):
        item.opened.follow(hashlib.sha256(before).digest(), item.document)


@given(st.integers(0, 3), st.integers(0, 3), st.sampled_from(SESSIONS))
def test_no_head_can_be_made_or_moved_without_the_key(
    seq: int, epoch: int, opened: Opened
) -> None:
    """Not to another number, epoch, link or session."""
    name, link = opened.session.id, b"l" * 32
    made = chain.head(opened.sealer, name, seq, link, epoch)
    assert chain.is_sealed(opened.sealer, name, made, epoch)
    for other in (
        replace(made, seq=seq + 1),
        replace(made, link=b"m" * 32),
        replace(made, mac=made.mac[:-1]),
        replace(made, mac=hmac.digest(b"x" * 32, made.link, "sha256")),
    ):
        assert not chain.is_sealed(opened.sealer, name, other, epoch)
    assert not chain.is_sealed(opened.sealer, name, made, epoch + 1)
    assert not chain.is_sealed(opened.sealer, f"{name}x", made, epoch)


@given(st.binary(max_size=40), st.binary(max_size=40), st.data())
async def test_no_wrapped_key_opens_for_another_or_when_changed(
    secret: bytes, context: bytes, data: st.DataObject
) -> None:
    """The key that wraps sessions' keys is bound as tightly as those are."""
    keys = LocalKeys(KEYS)
    wrapped = bytearray(await keys.wrap("k1", secret, context))
    assert await keys.unwrap("k1", bytes(wrapped), context) == secret
    place = data.draw(st.integers(0, len(wrapped) * 8 - 1))
    changed = bytearray(wrapped)
    changed[place // 8] ^= 1 << place % 8
    for key_id, text, where in (
        ("k2", wrapped, context),
        ("k1", wrapped, context + b"x"),
        ("k1", changed, context),
        ("k1", wrapped[:-1], context),
        ("k1", wrapped + b"x", context),
    ):
        with pytest.raises(MemoryKeyWrongError):
            await keys.unwrap(key_id, bytes(text), where)


def test_the_place_is_written_as_it_always_was() -> None:
    """What was sealed by an earlier version must open with a later one."""
    place = Place(
        tenant="octo",
        session_id="session_a",
        kind="message",
        seq=1,
        field="content",
        revision=2,
    )
    assert place.aad() == (
        b"\0\0\0\rnofx-memory-1\0\0\0\x04octo\0\0\0\tsession_a\0\0\0\x07message"
        b"\0\0\0\x08\0\0\0\0\0\0\0\x01\0\0\0\x07content\0\0\0\x08\0\0\0\0\0\0\0\x02"
    )

"""Redacted entries: accepted by a known key's signature, and by nothing else."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import BrokenChainError
from core.events.commit import GENESIS, Draft, entry_of, from_document, verify_chain
from core.events.cut_out import cut_out
from core.events.schema import GateVerdictRecorded, RunStateChanged
from core.events.tombstones import FIELD, tombstone
from core.redaction.needles import Needles
from core.redaction.signing import NO_KEYS, PublicKeys
from tests.fakes.commits import committed
from tests.fakes.signing import MARK, FakeSigner

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SECRET = "the horse is called Rosinante"
NEEDLES = Needles((SECRET,), MARK)
SIGNER = FakeSigner()
Document = dict[str, Any]


def chain(length: int) -> list[Document]:
    """Return the documents of a run of which every entry says the secret."""
    documents: list[Document] = []
    head = GENESIS
    for seq in range(1, length + 1):
        moved = RunStateChanged(
            transition="claim",
            from_="queued",
            to="running",
            actor="w1",
            reason=f"{seq}: {SECRET}",
        )
        draft = Draft(
            stream="run/1", seq=seq, time=NOON, events=(moved,), prev_hash=head
        )
        documents.append(committed(draft).document())
        head = draft.hash()
    return documents


def redacted(document: Document, signer: FakeSigner = SIGNER) -> Document:
    """Return the document as a redaction leaves it."""
    events = [cut_out(one, NEEDLES) for one in document["events"]]
    made = tombstone(
        entry_of({**document, "events": events}),
        (document["prev_hash"], document["hash"]),
        redaction="red_1",
        events=[0],
        at=NOON,
        signer=signer,
    )
    return {**document, "events": events, FIELD: made}


def test_a_chain_goes_on_over_what_was_redacted() -> None:
    """The text is gone, the head is the same, and a known key answers for it."""
    documents = chain(4)
    head = documents[-1]["hash"]
    documents[1], documents[3] = redacted(documents[1]), redacted(documents[3])
    assert SECRET not in str([documents[1], documents[3]])
    assert verify_chain(documents, SIGNER.known) == head
    assert from_document(documents[1]).stored_hash == documents[1]["hash"]


def stranger() -> Document:
    """Sign as one may who has no key that is known."""
    return redacted(chain(3)[1], FakeSigner(seed=b"x"))


def unsigned() -> Document:
    """Leave the signature out."""
    found = redacted(chain(3)[1])
    del found[FIELD]["signature"]
    return found


def none_at_all() -> Document:
    """Change the text and leave nothing beside it."""
    found = redacted(chain(3)[1])
    del found[FIELD]
    return found


def of_another() -> Document:
    """Take the tombstone of another entry that was redacted."""
    found = redacted(chain(3)[1])
    return {**found, FIELD: redacted(chain(3)[0])[FIELD]}


def said(name: str, value: object) -> Document:
    """Change what the tombstone itself says."""
    found = redacted(chain(3)[1])
    return {**found, FIELD: {**found[FIELD], name: value}}


def further(name: str, value: object) -> Document:
    """Change the entry once more, after it was redacted."""
    return {**redacted(chain(3)[1]), name: value}


def reworded() -> Document:
    """Put other words in the place of those that were cut."""
    found = deepcopy(redacted(chain(3)[1]))
    found["events"][0]["data"]["reason"] = "all is well"
    return found


FORGED = {
    "signed by a stranger": stranger(),
    "not signed": unsigned(),
    "without a tombstone": none_at_all(),
    "with another entry's tombstone": of_another(),
    "with another redaction": said("redaction", "red_2"),
    "with another time": said("at", "2020-01-01T00:00:00.000+00:00"),
    "with other events": said("events", [0, 1]),
    "with another digest": said("digest", "0" * 64),
    "under another key": said("key", "sign_2"),
    "reworded": reworded(),
    "at another time": further("time", datetime(2020, 1, 1, tzinfo=UTC)),
    "by another fence": further("fence", 7),
    "to another state": further("to", "cancelled"),
    "with another hash": further("hash", "1" * 64),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_tombstone_breaks_the_chain(name: str) -> None:
    """Whatever is changed without the key is found where it stands."""
    documents = chain(3)
    documents[1] = FORGED[name]
    with pytest.raises(BrokenChainError) as caught:
        verify_chain(documents, SIGNER.known)
    assert caught.value.facts["seq"] == 2


@pytest.mark.parametrize("known", [NO_KEYS, PublicKeys({"sign_1": b"no key"})])
def test_without_the_public_key_nothing_is_believed(known: PublicKeys) -> None:
    """A tombstone that nobody can check is a broken link, not a good one."""
    documents = chain(2)
    documents[0] = redacted(documents[0])
    with pytest.raises(BrokenChainError):
        verify_chain(documents, known)


def test_what_programs_go_by_is_never_cut() -> None:
    """A needle may look like a state or an id: the event reads on as it did."""
    event = GateVerdictRecorded(
        subject="static_analysis",
        transition="pass",
        from_="evaluating",
        to="passed",
        conclusion="success",
        reason="success of static_analysis by sha256:" + "a" * 64,
    ).stored()
    made = cut_out(event, Needles(("static_analysis", "success", "a" * 20), "[x]"))
    kept = ("subject", "transition", "from", "to", "conclusion")
    assert {name: made["data"][name] for name in kept} == {
        name: event["data"][name] for name in kept
    }
    assert "success" not in made["data"]["reason"]


def test_a_digest_stays_and_a_token_that_looks_like_one_goes() -> None:
    """A needle may turn up in a digest by chance, and may be hexadecimal itself."""
    token, digest = "0123456789abcdef" * 2, "abc123" + "f" * 58
    event = GateVerdictRecorded(
        subject="g",
        transition="pass",
        from_="evaluating",
        to="passed",
        conclusion="success",
        reason=token,
    ).stored()
    assert cut_out(event, Needles((token,), MARK))["data"]["reason"] == MARK
    event["data"]["reason"] = digest
    assert cut_out(event, Needles(("abc123",), MARK)) is event


def test_a_field_that_could_not_be_read_any_more_stays() -> None:
    """The others are cut all the same."""
    event = {
        "type": "memory.erased",
        "data": {
            "session_id": "s",
            "reason": "redacted",
            "actor": "redacted",
            "effective_live_at": "2026-01-05T12:00:00Z",
            "effective_backups_by": "2026-01-05T12:00:00Z",
        },
    }
    made = cut_out(event, Needles(("redacted",), "[gone]"))
    assert (made["data"]["reason"], made["data"]["actor"]) == ("redacted", "[gone]")

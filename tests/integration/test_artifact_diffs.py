"""Artifacts that differ are looked into as far as they are there, and not too large."""

from collections.abc import Mapping
from typing import Any

import pytest

from core.checkpoints.diff.comparison import ArtifactDiff
from core.checkpoints.diff.model import DiffLimits, DiffRules
from core.checkpoints.merge_rules import MergeRules, by_field
from core.runs.artifact_diffs import LARGEST, LEFT_OUT, MOST, TOO_LARGE, ArtifactDiffs
from core.store.blobs import Blobs
from core.store.database import Database

RULES = DiffRules(
    lists=MergeRules(identities={"/found_blob/rows": by_field("name")}),
    noise=("/found_blob/seconds", "/seconds"),
)
TOMBSTONE = {"at": "2026-01-01", "redaction": "red_1", "key": "k", "signature": "s"}


@pytest.fixture
async def blobs(database: Database) -> Blobs:
    """Give blobs in a migrated database."""
    return Blobs(database)


async def compared(
    blobs: Blobs,
    before: Mapping[str, str],
    after: Mapping[str, str],
    *,
    erased: tuple[bool, bool] = (False, False),
) -> dict[str, ArtifactDiff]:
    """Return what differs, by the names of artifacts."""
    found = await ArtifactDiffs(blobs, DiffLimits(text=200)).between(
        before, after, rules=RULES, erased=erased
    )
    return {one.name: one for one in found}


async def two(blobs: Blobs, before: Any, after: Any) -> ArtifactDiff:
    """Compare two JSON values that are kept as `found`."""
    names = [{"found": await blobs.put_json(one)} for one in (before, after)]
    return (await compared(blobs, *names))["found"]


async def test_json_is_compared_by_the_rules_of_its_place(blobs: Blobs) -> None:
    """Rows keep their names though they moved, and what is noise there is noise."""
    rows = [{"name": name, "n": 1} for name in "abc"]
    moved = [rows[2], {"name": "a", "n": 2}, rows[1]]
    told = await two(blobs, {"rows": rows, "seconds": 1}, {"rows": moved, "seconds": 2})
    kinds = {(one.kind, one.path, one.noise) for one in told.changes}
    assert ("changed", "/rows/1/n", False) in kinds
    assert ("changed", "/seconds", True) in kinds
    assert ("moved", "/rows/0", False) in kinds
    assert not told.noise


async def test_noise_alone_makes_an_artifact_noise(blobs: Blobs) -> None:
    """And a value of the same name at another place does not."""
    assert (await two(blobs, {"seconds": 1}, {"seconds": 2})).noise
    assert not (await two(blobs, {"a": {"seconds": 1}}, {"a": {"seconds": 2}})).noise


async def test_what_is_the_same_is_not_told(blobs: Blobs) -> None:
    """It is not even read: the digest says enough."""
    assert await compared(blobs, {"a": "sha256:no"}, {"a": "sha256:no"}) == {}


async def test_a_long_text_is_cut_at_a_line(blobs: Blobs) -> None:
    """And it is said how much of it is left out."""
    text = "".join(f"line {number}\n" for number in range(100))
    told = (await compared(blobs, {}, {"a": await blobs.put(text.encode())}))["a"]
    assert told.text.splitlines()[:2] == ["@@ -0,0 +1,100 @@", "+line 0"]
    shown = len(told.text.splitlines()) - 1
    assert told.text.endswith(f"+line {shown - 1}")
    assert told.truncated == (f"{100 - shown} more lines of the text",)


async def test_what_is_too_large_is_told_by_digest_and_size(blobs: Blobs) -> None:
    """On one side or on both."""
    size = LARGEST + 1
    large = await blobs.put(b"a" * size)
    told = (await compared(blobs, {"a": await blobs.put(b"a")}, {"a": large}))["a"]
    assert told.after is not None
    assert (told.form, told.after.size, told.after.lost) == ("unknown", size, TOO_LARGE)
    assert told.truncated == (TOO_LARGE,)


async def test_of_very_many_the_rest_is_not_looked_into(blobs: Blobs) -> None:
    """They are all named all the same."""
    digest = await blobs.put(b"a\n")
    names = {f"n{number:03d}": digest for number in range(MOST + 2)}
    told = list((await compared(blobs, {}, names)).values())
    assert len(told) == MOST + 2
    assert {one.text for one in told[:MOST]} == {"@@ -0,0 +1 @@\n+a"}
    assert {one.truncated for one in told[MOST:]} == {(LEFT_OUT,)}


async def test_what_is_lost_is_said(database: Database, blobs: Blobs) -> None:
    """Redacted, damaged, gone: each by its name, and none of them fatal."""
    kept = ("redacted", "damaged", "fine")
    digests: dict[str, str] = {name: await blobs.put(name.encode()) for name in kept}
    digests["gone"] = f"sha256:{'0' * 64}"
    stored = database.db["blobs"]
    await stored.update_one(
        {"_id": digests["redacted"]},
        {"$set": {"codec": "gone", "gone": TOMBSTONE}, "$unset": {"data": 1}},
    )
    await stored.update_one({"_id": digests["damaged"]}, {"$set": {"data": b"x"}})
    told = await compared(blobs, dict.fromkeys(digests, digests["fine"]), digests)
    lost = {name: one.after.lost for name, one in told.items() if one.after}
    assert lost["redacted"] == "redacted"
    assert lost["damaged"].startswith("damaged: ")
    assert lost["gone"] == "not there any more"
    assert {one.form for one in told.values()} == {"unknown"}
    assert {one.text for one in told.values()} == {""}


async def test_of_an_erased_state_nothing_is_read(blobs: Blobs) -> None:
    """What it named may say what was erased."""
    names = [{"a": await blobs.put(one)} for one in (b"s3cret\n", b"b\n")]
    told = (await compared(blobs, *names, erased=(True, False)))["a"]
    assert told.before is not None
    assert told.before.size is None
    assert (told.form, told.text) == ("unknown", "")


async def test_numbers_that_json_lacks_are_text(blobs: Blobs) -> None:
    """NaN is no JSON, so the lines are compared."""
    names = [{"a": await blobs.put(one)} for one in (b"[NaN]\n", b"[1]\n")]
    assert (await compared(blobs, *names))["a"].form == "text"

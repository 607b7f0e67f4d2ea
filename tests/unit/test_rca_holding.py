"""What can be proved of a bundle without the service that made it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.rca.holding import held
from tests.fakes.bundles import members_in, reworked
from tests.fakes.forged import (
    EVENTS,
    STATES,
    impossible,
    in_events,
    in_json,
    in_states,
    lighter,
    masked,
    recorded,
    unread,
)
from tests.fakes.taken import stopped_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, mongodb_url: str) -> bytes:
    """Give the bundle of a real run that a gate stopped."""
    return stopped_bundle(tmp_path_factory.mktemp("run"), mongodb_url, "holding")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give the path of a file that is not there yet."""
    return tmp_path / "rca.tar.gz"


def test_what_holds_of_a_bundle_is_proved_part_by_part(
    file: Path, bundle: bytes
) -> None:
    """Sums, events, moves, the run, its checkpoints and what these name."""
    proofs = held(recorded(file, bundle))

    assert [(one.name, one.holds) for one in proofs] == [
        (name, True)
        for name in ("sums", "events", "moves", "run", "checkpoints", "artifacts")
    ]


def gap(data: bytes) -> bytes:
    """Take the entry out that has the number five."""
    lines = data.splitlines(keepends=True)
    return b"".join(one for one in lines if json.loads(one)["seq"] != 5)


def untold(event: Any) -> None:
    """Have a state named by another digest than it has."""
    event["digest"] = f"sha256:{'0' * 64}"


def orphaned(event: Any) -> None:
    """Have a checkpoint go on from one that is nowhere."""
    event["parents"] = ["cp_nowhere"]


@pytest.mark.parametrize(
    ("member", "change", "broken", "words"),
    [
        (EVENTS, gap, "events", "stands where 5.0 should"),
        (EVENTS, lambda _: b"", "events", "end at entry 0"),
        (EVENTS, lambda _: b"{", "events", "cannot be read: line 1"),
        (
            EVENTS,
            in_events("gate.verdict_recorded", impossible),
            "moves",
            "moves by no row",
        ),
        (EVENTS, in_events("checkpoint.captured", untold), "checkpoints", "is not cp_"),
        (EVENTS, in_events("checkpoint.captured", orphaned), "checkpoints", "nowhere"),
        ("run/run.json", in_json(lighter), "run", "says succeeded, failure"),
        (STATES, in_states(unread), "checkpoints", "was not masked"),
        ("checkpoints/0002.json", lambda _: None, "checkpoints", "are there"),
        ("artifacts/*.json", masked, "artifacts", "was not masked"),
    ],
)
def test_what_does_not_hold_is_named(
    file: Path,
    bundle: bytes,
    member: str,
    change: Callable[[bytes], bytes | None],
    broken: str,
    words: str,
) -> None:
    """Sums that fit do not make a history that was never written."""
    proofs = held(recorded(file, reworked(bundle, {member: change})))

    found = {one.name: one.words for one in proofs if one.holds is False}
    assert words in found[broken]


def test_what_was_masked_or_is_missing_is_no_breach(file: Path, bundle: bytes) -> None:
    """The account of masks names it; what a collector could not get, nobody proves."""
    names = [one for one in members_in(bundle) if one.startswith("artifacts/")]
    account = in_json(lambda it: it.update(by_member={name: {} for name in names}))
    changes = {"artifacts/*.json": masked, "redaction/report.json": account}
    told = {one.name: one for one in held(recorded(file, reworked(bundle, changes)))}
    assert told["artifacts"].holds
    assert "masked, which cannot be compared" in told["artifacts"].words

    without = reworked(bundle, {"run/run.json": lambda _: None})
    told = {one.name: one for one in held(recorded(file, without))}
    assert told["run"].holds is None
    assert told["run"].words == "there is no run/run.json"

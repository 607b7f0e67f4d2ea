"""What a run decided is decided again from its bundle, alike or with a difference."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.replaying.replay import replay
from bot.replaying.values import Replay
from core.errors import NofxError
from core.rca.archive import read_bundle
from core.rca.holding import held
from core.rca.recorded import Recorded, told_by
from tests.fakes.bundles import members_in, reworked
from tests.fakes.road import REPO
from tests.fakes.taken import bundle_of, stopped_bundle, stopped_run

Change = Callable[[Any], None]
DECISIONS = (
    *("moves", "outcome", "findings", "plan", "coverage", "verdict", "reported"),
    *("gates", "ruling"),
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, mongodb_url: str) -> bytes:
    """Give the bundle of a real run that a gate stopped."""
    return stopped_bundle(tmp_path_factory.mktemp("run"), mongodb_url, "replay")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give the path of a file that is not there yet."""
    return tmp_path / "rca.tar.gz"


def recorded(file: Path, data: bytes) -> Recorded:
    """Read a bundle as the command line does."""
    file.write_bytes(data)
    return Recorded(read_bundle(file, keep=told_by))


def replayed(file: Path, data: bytes) -> Replay:
    """Decide again what a bundle's run decided."""
    return replay(recorded(file, data))


def in_json(change: Change) -> Callable[[bytes], bytes]:
    """Return what changes a member that is JSON."""

    def changed(data: bytes) -> bytes:
        value = json.loads(data)
        change(value)
        return json.dumps(value).encode()

    return changed


def in_states(change: Change) -> Callable[[bytes], bytes]:
    """Return what changes the state of a checkpoint."""
    return in_json(lambda file: change(file["state"] or {}))


def in_events(kind: str, change: Change) -> Callable[[bytes], bytes]:
    """Return what changes the data of every event of a type."""

    def changed(data: bytes) -> bytes:
        lines = [json.loads(line) for line in data.splitlines()]
        for line in lines:
            if line["type"] == kind:
                change(line["data"])
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines)

    return changed


def test_the_verdict_is_the_same_without_any_network(
    file: Path, bundle: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever opened a socket, or asked for a name, would be found out."""

    def refuse(*_: object, **__: object) -> NoReturn:
        pytest.fail("something asked for the network")

    for name in ("socket", "create_connection", "getaddrinfo", "socketpair"):
        monkeypatch.setattr(socket, name, refuse)

    done = replayed(file, bundle)

    assert [(one.name, one.found) for one in done.answers] == [
        (name, "same") for name in DECISIONS
    ]
    assert done.same
    assert (done.status, done.conclusion) == ("gate_failed", "failure")


def surer(state: Any) -> None:
    """Let through only what is certain."""
    if "policy" in state.get("decided_by", {}):
        state["decided_by"]["policy"]["min_confidence"] = 1.0


def asking(state: Any) -> None:
    """Ask a person as well."""
    if "gates" in state.get("decided_by", {}):
        state["decided_by"]["gates"]["approval"] = True


def by_a_model(state: Any) -> None:
    """Say that a language model reviewed."""
    if "model" in state.get("decided_by", {}):
        state["decided_by"]["model"] |= {"name": "gpt", "is_model": True}


def elsewhere(state: Any) -> None:
    """Have a finding in the summary that was posted on its line."""
    for name in state.get("comments", {}):
        state["summarised"] = {name: "no reason"}


def unread(state: Any) -> None:
    """Leave a hunk unread."""
    state["unread"] = [["app.py:0", "too long"]]


def lighter(shown: Any) -> None:
    """Show another status than the events add up to."""
    shown["status"] = "succeeded"


def waved_through(move: Any) -> None:
    """Have a gate pass that failed."""
    if move["transition"] == "fail":
        move |= {"transition": "pass", "to": "passed"}


def impossible(move: Any) -> None:
    """Have a gate come to where its verdict does not lead."""
    move["to"] = "waived"


def reworded(move: Any) -> None:
    """Have the run say something else when it stops."""
    move["reason"] = "success: fine"


STATES, EVENTS = "checkpoints/*.json", "events/events.ndjson"


@pytest.mark.parametrize(
    ("member", "change", "decision"),
    [
        ("run/run.json", in_json(lighter), "outcome"),
        (EVENTS, in_events("gate.verdict_recorded", impossible), "moves"),
        (STATES, in_states(surer), "findings"),
        (STATES, in_states(elsewhere), "plan"),
        (STATES, in_states(unread), "coverage"),
        (STATES, in_states(by_a_model), "verdict"),
        (STATES, in_states(asking), "gates"),
        (EVENTS, in_events("gate.verdict_recorded", waved_through), "gates"),
        (EVENTS, in_events("run.state_changed", reworded), "ruling"),
    ],
)
def test_another_decision_is_the_first_difference(
    file: Path,
    bundle: bytes,
    member: str,
    change: Callable[[bytes], bytes],
    decision: str,
) -> None:
    """Whatever a decision rests on is changed, with sums that fit: it comes out."""
    done = replayed(file, reworked(bundle, {member: change}))

    assert not done.same
    assert done.difference is not None
    assert done.difference.name == decision
    assert done.difference.words


def older(state: Any) -> None:
    """Leave out what decided, as an older nofx did."""
    state.pop("decided_by", None)


def erased(file: Any) -> None:
    """Erase a state, as a redaction does."""
    file |= {"state": None, "redacted": True}


def masked(data: bytes) -> bytes:
    """Mask a part of what was judged."""
    return data.replace(b"anchored", b"[masked:word]")


@pytest.mark.parametrize(
    ("member", "change", "decision", "why"),
    [
        (STATES, in_states(older), "findings", "policy was not recorded"),
        (STATES, in_json(erased), "findings", "state behind it was not recorded"),
        ("artifacts/*.txt", lambda _: None, "findings", "the diff is not in"),
        ("artifacts/*.json", masked, "findings", "was masked"),
        (STATES, in_states(dict.clear), "gates", "policy was not recorded"),
    ],
)
def test_what_cannot_be_decided_again_is_said(
    file: Path,
    bundle: bytes,
    member: str,
    change: Callable[[bytes], bytes | None],
    decision: str,
    why: str,
) -> None:
    """It is no difference, and it is not passed over as the same either."""
    done = replayed(file, reworked(bundle, {member: change}))

    assert done.difference is None
    assert not done.same
    left_out = {one.name: one.words for one in done.left_out}
    assert why in left_out[decision]


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


SOME_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)
    ),
    max_leaves=6,
)
READ = ("run/*.json", STATES, EVENTS, "artifacts/*.json", "redaction/*.json")


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(value=SOME_JSON, member=st.sampled_from(READ), at=st.integers(0, 10_000))
def test_whatever_stands_there_ends_in_words(
    file: Path, bundle: bytes, value: Any, member: str, at: int
) -> None:
    """Any value anywhere in what is read: an answer or a refusal, never a trace."""

    def change(data: bytes) -> bytes:
        lines = data.splitlines() if member == EVENTS else [data]
        place = at % len(lines)
        whole = json.loads(lines[place])
        spots = list(_spots(whole))
        spots[at % len(spots)](value)
        lines[place] = json.dumps(whole).encode()
        return b"".join(line + b"\n" for line in lines)

    forged = reworked(bundle, {member: change})
    try:
        read = recorded(file, forged)
        held(read)
        replay(read)
    except NofxError:
        return


def _spots(value: Any) -> Any:
    """Yield for each place inside a value what puts another value there."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        keyed = value.items() if isinstance(value, dict) else enumerate(value)
        pairs = list(keyed)
    for key, inner in pairs:
        yield lambda new, key=key: value.__setitem__(key, new)
        yield from _spots(inner)
    if not value:
        yield lambda _: None


async def test_what_people_decided_is_decided_again_too(
    file: Path, tmp_path: Path, mongodb_url: str
) -> None:
    """A gate is waived, and a rerun goes on from there: both come to their verdicts."""
    place = tmp_path / "road"
    place.mkdir()
    async with stopped_run(place, mongodb_url, "replay_waived") as (road, run_id):
        await road.github.comment(
            REPO, 1, user="alice", body="/nofx waive static_analysis we know"
        )
        await road.until_quiet()
        (waived,) = await road.until_runs_end()
        assert (waived["status"], waived["conclusion"]) == ("succeeded", "neutral")
        done = replayed(file, await bundle_of(road, run_id))
        assert road.bot is not None
        await road.github.comment(REPO, 1, user="alice", body="/nofx rerun")
        await road.until_quiet()
        runs = await road.until_runs_end()
        again = replayed(file, await bundle_of(road, str(runs[-1]["_id"])))

    assert done.same, done
    assert [one.name for one in done.answers].count("ruling") == 2
    assert "we know" in [one for one in done.answers if one.name == "ruling"][-1].words
    assert len(runs) == 2
    assert again.same, again

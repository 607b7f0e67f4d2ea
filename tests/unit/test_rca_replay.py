"""What a run decided is decided again from its bundle, alike or with a difference."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.pipeline.state import DIFF_RULES
from bot.replaying.replay import replay
from bot.replaying.values import Replay
from core.errors import NofxError
from core.rca.between import between
from core.rca.holding import held
from tests.fakes.bundles import reworked
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
from tests.fakes.road import REPO
from tests.fakes.taken import bundle_of, stopped_bundle, stopped_run

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


def replayed(file: Path, data: bytes) -> Replay:
    """Decide again what a bundle's run decided."""
    return replay(recorded(file, data))


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


def waved_through(move: Any) -> None:
    """Have a gate pass that failed."""
    if move["transition"] == "fail":
        move |= {"transition": "pass", "to": "passed"}


def reworded(move: Any) -> None:
    """Have the run say something else when it stops."""
    move["reason"] = "success: fine"


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
        between(read, read, DIFF_RULES)
    except NofxError:
        return


def test_a_program_of_a_strange_name_is_compared_all_the_same(
    file: Path, bundle: bytes
) -> None:
    """A name that is a list is nothing that a bundle of ours has."""

    def renamed(told: Any) -> None:
        told["programs"][0]["program"] = ["nofx"]

    forged = reworked(bundle, {"run/environment.json": in_json(renamed)})
    read = recorded(file, forged)
    assert [row.before for row in between(read, read, DIFF_RULES).rows]


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


def test_a_bundle_of_an_older_nofx_is_decided_alike(file: Path, bundle: bytes) -> None:
    """Findings had no definition then, and nobody had taken a second look."""

    def plain(value: Any) -> None:
        listed = value if isinstance(value, list) else value.get("findings", [])
        for one in listed:
            for fields in (one, one.get("finding", {})):
                for later in ("enclosing", "unplaced", "doubt"):
                    fields.pop(later, None)

    def forgetful(state: Any) -> None:
        for later in ("refuted", "joined", "unsure", "unseen", "unoffered"):
            state.pop(later, None)

    data = reworked(bundle, {"artifacts/*.json": in_json(plain)})
    again = replayed(file, reworked(data, {STATES: in_states(forgetful)}))
    assert again.difference is None
    assert again.same

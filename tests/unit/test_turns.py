"""Whose turn it is: lanes, repositories in turn, and limits."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.runs.lanes import Lane, lane_of
from core.runs.model import Run
from core.runs.states import Status
from core.runs.turns import Caps, Entry, Held, Turns, entry_of
from tests.fakes.clock import NOON
from tests.fakes.stage import subject

NONE = Caps()
names = st.sampled_from(["a/a", "b/b", "c/c", "d/d"])
lanes = st.sampled_from(list(Lane))
caps = st.builds(Caps, repository=st.integers(0, 3), installation=st.integers(0, 4))


@st.composite
def queues(draw: st.DrawFn) -> list[Entry]:
    """Return entries with ids of their own, two repositories to an installation."""
    drawn = draw(st.lists(st.tuples(names, lanes), max_size=40))
    return [entry(f"run_{n}", name, lane) for n, (name, lane) in enumerate(drawn)]


def entry(run_id: str, repository: str, lane: Lane = Lane.ROUTINE) -> Entry:
    """Return an entry; a/a and b/b are on one installation, the others on another."""
    return Entry(
        run_id=run_id,
        repository=repository,
        installation_id=1 if repository < "c" else 2,
        pipeline="review",
        head_seq=1,
        lane=lane,
    )


def filled(entries: list[Entry]) -> Turns:
    """Return turns with these candidates."""
    turns = Turns()
    for one in entries:
        turns.add(one)
    return turns


def served(turns: Turns, limits: Caps = NONE) -> list[Entry]:
    """Take while there is somebody to take; what is taken stays held."""
    taken: list[Entry] = []
    while True:
        held = Held(limits)
        held.add(taken)
        one = turns.take(held)
        if one is None:
            return taken
        taken.append(one)


@given(entries=queues())
def test_everybody_is_served_once_and_higher_lanes_first(entries: list[Entry]) -> None:
    """Nobody is lost, nobody comes twice."""
    taken = served(filled(entries + entries))
    assert sorted(one.run_id for one in taken) == sorted(one.run_id for one in entries)
    passed = [one.lane for one in taken]
    assert passed == sorted(passed, reverse=True)


@given(entries=queues())
def test_a_repository_waits_for_one_run_of_each_other(entries: list[Entry]) -> None:
    """Between two of one repository, every other with work in the lane is served."""
    turns = filled(entries)
    taken = served(turns)
    for lane in Lane:
        line = [one.repository for one in taken if one.lane is lane]
        for place, name in enumerate(line):
            if name not in line[:place]:
                continue
            before = len(line[:place]) - 1 - line[:place][::-1].index(name)
            between = set(line[before + 1 : place])
            assert set(line[place:]) - {name} <= between


@given(entries=queues(), limits=caps)
def test_no_limit_is_passed_and_no_place_left_free(
    entries: list[Entry], limits: Caps
) -> None:
    """What is left over is what the limits have no room for."""
    turns = filled(entries)
    taken = served(turns, limits)
    by_name = Counter(one.repository for one in taken)
    by_installation = Counter(one.installation_id for one in taken)
    if limits.repository:
        assert max(by_name.values(), default=0) <= limits.repository
    if limits.installation:
        assert max(by_installation.values(), default=0) <= limits.installation
    for one in turns.waiting():
        assert (by_name[one.repository] == limits.repository != 0) or (
            by_installation[one.installation_id] == limits.installation != 0
        )


@given(
    looks=st.lists(st.sets(st.integers(0, 3), min_size=1), max_size=12),
    cap=st.integers(1, 4),
)
def test_workers_go_past_a_limit_by_one_each_at_most(
    looks: list[set[int]], cap: int
) -> None:
    """Those that look at one moment cannot see what the others claim then."""
    held: list[tuple[int, Entry]] = []
    for number, racers in enumerate(looks):
        seen = list(held)
        for worker in racers:
            since: set[str] = set()
            for turn in range(3):
                counts = Held(Caps(repository=cap))
                counts.add(one for owner, one in seen if owner != worker)
                counts.add((o for owner, o in held if owner == worker), since=since)
                wanted = entry(f"run_{number}_{worker}_{turn}", "a/a")
                if counts.room(wanted):
                    held.append((worker, wanted))
                    since.add(wanted.run_id)
    most_at_once = max((len(racers) for racers in looks), default=1)
    assert len(held) <= cap + most_at_once - 1


def test_turns_are_kept_when_candidates_are_forgotten() -> None:
    """A new list goes on where the last one stopped."""
    entries = [entry("run_1", "a/a"), entry("run_2", "b/b"), entry("run_3", "a/a")]
    turns = filled(entries)
    first = turns.take(Held(NONE))
    turns.clear()
    assert (first, len(turns)) == (entries[0], 0)
    for one in entries[1:]:
        turns.add(one)
    assert turns.take(Held(NONE)) == entries[1]


def test_a_run_on_no_installation_counts_for_its_repository_alone() -> None:
    """A change from this machine is limited by no installation."""
    local = replace(entry("run_1", "a/a"), installation_id=None)
    held = Held(Caps(installation=1))
    held.add([local, entry("run_2", "b/b")])
    assert held.room(replace(local, run_id="run_3"))
    assert not held.room(entry("run_4", "b/b"))


def test_lanes() -> None:
    """People who wait come first; what is not queued is in no lane."""
    run = Run(
        id="run_1",
        family="run_1",
        subject=subject(),
        created_at=NOON,
        queued_at=NOON,
        due_at=NOON,
        status=Status.QUEUED,
        trail=(Status.QUEUED,),
        head_seq=1,
    )
    later = NOON.replace(hour=13)
    asked = replace(run.subject, priority=Lane.PERSON)
    assert lane_of(run) is Lane.ROUTINE
    assert lane_of(replace(run, subject=asked)) is Lane.PERSON
    assert lane_of(replace(run, queued_at=later)) is Lane.PERSON
    assert lane_of(replace(run, origin="branch")) is Lane.PERSON
    assert lane_of(replace(run, status=Status.RUNNING)) is None
    assert entry_of(run).run is run
    assert Caps(repository=1)
    assert not NONE

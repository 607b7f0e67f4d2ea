"""The state tables are those of the design, and nothing leaves an end."""

import pytest

from core.errors import IllegalTransitionError
from core.events.schema import TYPES
from core.runs.constraints import rows_by_event_type
from core.runs.states import (
    EFFECT,
    FINDING,
    GATE,
    MACHINES,
    RUN,
    STEP,
    Machine,
    mermaid,
)

# Types that an older program has written, and that none writes any more.
RETIRED = {"finding.judged", "finding.published"}
# The design's tables, written out again by hand: `transition: from, from → to`.
DESIGN = {
    "run": """
        enqueue: ∅ → queued
        claim: queued → running
        open_gate: running → waiting_gate
        pass_gate: waiting_gate → queued
        reject_gate: running, waiting_gate → gate_failed
        retry_gate: gate_failed → queued
        abandon: gate_failed → failed
        back_off: running → retry_wait
        wait_turn: running → retry_wait
        due: retry_wait → queued
        lose_lease: running → queued
        pause: queued, running, retry_wait → paused
        resume: paused → queued
        request_cancel: running → cancelling
        finish_cancel: cancelling → cancelled
        cancel: queued, paused, retry_wait, waiting_gate, gate_failed → cancelled
        succeed: running → succeeded
        fail: running → failed
        exhaust: running → dead
    """,
    "step": """
        start: pending → running
        succeed: running, effect_intent, reconciling → succeeded
        fail: running → failed
        skip: pending, running → skipped
        cancel: running, retry_wait, effect_intent → cancelled
        back_off: running → retry_wait
        due: retry_wait → pending
        lose: running → pending
        hold: running → pending
        reuse: pending → reused
        intend: running → effect_intent
        reconcile: effect_intent → reconciling
        redo: reconciling → pending
    """,
    "gate": """
        open: ∅ → opened
        skip: ∅ → skipped
        pass: opened → passed
        fail: opened → failed
        ask: opened → waiting_approval
        approve: waiting_approval → approved
        reject: waiting_approval → rejected
        waive: waiting_approval, failed, rejected → waived
        reopen: failed, rejected → opened
    """,
    "finding": """
        propose: ∅ → proposed
        verify: proposed → verified
        filter: proposed → filtered
        anchor: verified → anchored
        unanchor: verified → unanchored
        post: anchored → posted
        demote: anchored → unanchored
        summarise: unanchored → summarised
        address: posted, summarised, disputed → addressed
        dispute: posted, summarised → disputed
        dismiss: posted, summarised, disputed → dismissed
        waive: posted, summarised, disputed → waived
        outdate: posted, summarised, disputed → outdated
    """,
    "effect": """
        intend: ∅, failed, missing → intended
        perform: intended → performed
        find: intended → performed
        miss: intended → missing
        fail: intended → failed
        inherit: ∅ → performed
    """,
}
ENDS = {
    "run": {"succeeded", "failed", "cancelled", "dead"},
    "step": {"succeeded", "failed", "skipped", "cancelled", "reused"},
    "gate": {"passed", "approved", "waived", "skipped"},
}
EACH = pytest.mark.parametrize("machine", MACHINES, ids=lambda one: one.name)


def designed(name: str) -> set[tuple[str, str | None, str]]:
    """Return the rows that the design gives a machine."""
    rows: set[tuple[str, str | None, str]] = set()
    for line in DESIGN[name].strip().splitlines():
        transition, _, way = line.strip().partition(": ")
        froms, _, to = way.partition(" → ")
        rows |= {
            (transition, None if one == "∅" else one, to) for one in froms.split(", ")
        }
    return rows


@EACH
def test_a_machine_has_the_rows_of_the_design_and_no_other(machine: Machine) -> None:
    """A row too many is a hole, a row too few a run that is stuck."""
    assert set(machine.rows()) == designed(machine.name)
    assert len(list(machine.rows())) == len(designed(machine.name))


@EACH
def test_step_follows_every_row(machine: Machine) -> None:
    """What the table allows happens."""
    for transition, from_, to in machine.rows():
        assert machine.step(transition, from_) == to


@EACH
def test_step_refuses_everything_else(machine: Machine) -> None:
    """Each transition is refused from each state that no row gives it."""
    allowed = {(transition, from_) for transition, from_, _ in machine.rows()}
    for transition in {name for name, _ in allowed} | {"teleport"}:
        for state in (None, *machine.states(), "nowhere"):
            if (transition, state) in allowed:
                continue
            with pytest.raises(IllegalTransitionError) as caught:
                machine.step(transition, state)
            assert caught.value.facts == {
                "machine": machine.name,
                "state": state or "none",
                "transition": transition,
                "moves": ", ".join(machine.for_people(state)) or "nothing",
            }


@pytest.mark.parametrize(
    ("machine", "state", "words"),
    [
        (RUN, "gate_failed", ("cancel",)),
        (RUN, "running", ("pause", "cancel")),
        (RUN, "cancelled", ("rerun it", "branch from it")),
        (GATE, "failed", ("waive", "retry")),
        (GATE, "waived", ()),
    ],
)
def test_people_are_told_what_they_can_ask_for(
    machine: Machine, state: str, words: tuple[str, ...]
) -> None:
    """In the words of the commands, not of the table."""
    assert set(machine.for_people(state)) == set(words)


@EACH
def test_nothing_leaves_a_terminal_state(machine: Machine) -> None:
    """To go on from an end is to branch, never to move."""
    assert machine.terminal == ENDS.get(machine.name, set())
    assert not [row for row in machine.rows() if row[1] in machine.terminal]


def test_what_has_no_way_out_of_a_run_is_an_end() -> None:
    """There is no state of a run in which it could be stuck."""
    left = {from_ for _, from_, _ in RUN.rows()}
    assert set(RUN.states()) - left == RUN.terminal


def test_every_state_of_a_run_can_be_reached() -> None:
    """Nothing in the table is dead."""
    reached: set[str | None] = {None}
    for _ in RUN.states():
        reached |= {to for _, from_, to in RUN.rows() if from_ in reached}
    assert reached == {None, *RUN.states()}


def test_pairs_are_what_a_trail_may_show() -> None:
    """They are the distinct moves of what already is."""
    wanted = {(from_, to) for _, from_, to in RUN.rows() if from_ is not None}
    assert set(RUN.pairs()) == wanted
    assert list(RUN.pairs()) == sorted(wanted)


def test_a_run_is_drawn_as_mermaid() -> None:
    """The diagram has one arrow a row, in the table's order, and one to each end."""
    lines = mermaid(RUN).splitlines()
    assert lines[:4] == [
        "stateDiagram-v2",
        "    [*] --> queued: enqueue",
        "    queued --> running: claim",
        "    running --> waiting_gate: open_gate",
    ]
    assert lines[-4:] == [
        "    failed --> [*]",
        "    cancelled --> [*]",
        "    succeeded --> [*]",
        "    dead --> [*]",
    ]
    assert len(lines) == 1 + len(list(RUN.rows())) + len(RUN.terminal)


@pytest.mark.parametrize("machine", [STEP, GATE, FINDING, EFFECT], ids=lambda m: m.name)
def test_every_row_is_an_arrow(machine: Machine) -> None:
    """No diagram hides a move."""
    drawn = mermaid(machine).splitlines()
    for name, from_, to in machine.rows():
        assert f"    {from_ or '[*]'} --> {to}: {name}" in drawn


def test_the_database_is_given_the_rows_of_the_runner() -> None:
    """A run begins by one type of event and moves by the other."""
    rows = rows_by_event_type()
    assert set(rows["run.created"]) == {("enqueue", None, "queued")}
    assert set(rows["run.state_changed"]) == designed("run") - set(rows["run.created"])
    assert "checkpoint.captured" not in rows


def test_every_row_has_one_type_of_event_that_tells_of_it() -> None:
    """Save those of steps that wait for an answer, which nothing brings about yet."""
    told = [
        (TYPES[kind].machine, *row)  # type: ignore[attr-defined]  # all of them move
        for kind, rows in rows_by_event_type().items()
        for row in rows
        if kind not in RETIRED
    ]
    assert len(told) == len(set(told))
    rows = {(one.name, *row) for one in MACHINES for row in one.rows()}
    assert set(told) <= rows
    untold = {f"{machine} {name}" for machine, name, *_ in rows - set(told)}
    assert untold == {"step intend", "step reconcile", "step redo"}


def test_a_finding_has_a_type_of_event_for_each_row() -> None:
    """Whoever filters by type gets one kind of move; two types are retired."""
    of_findings = {
        kind: [name for name, _, _ in rows]
        for kind, rows in rows_by_event_type().items()
        if kind.startswith("finding.")
    }
    retired = {kind for kind, rows in of_findings.items() if len(set(rows)) > 1}
    assert retired == RETIRED
    assert all(of_findings.values())

"""Every metric is named by the rules, explained, and bounded in each of its labels."""

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric

import core.metrics
from core.events.schema import Decision
from core.metrics import catalog, findings, gates, runs
from core.metrics.bounds import OTHER, Bound
from core.metrics.registry import (
    FAMILIES,
    MOST_BEGUN,
    REGISTRY,
    AskedCounter,
    BoundedCounter,
    BoundedGauge,
    LateGauge,
    begin_counters,
)
from core.review.findings import Severity
from core.review.report import Conclusion
from core.runs.states import FINDING, RUN, Status


def ours() -> Iterator[Metric]:
    """Yield what the registry exports of nofx."""
    found = [one for one in REGISTRY.collect() if one.name.startswith("nofx_")]
    assert len(found) > 40
    yield from found


def test_every_module_of_metrics_is_in_the_catalogue() -> None:
    """A metric in a module that nobody imports would be on no dashboard."""
    folder = Path(str(core.metrics.__file__)).parent
    holding = {
        path.stem for path in folder.glob("*.py") if '"nofx_' in path.read_text()
    }
    assert {one.__name__.rpartition(".")[2] for one in catalog.ROOMS} == holding


def test_every_metric_is_made_where_labels_are_bounded() -> None:
    """What the registry exports is what the families say, and nothing beside."""
    made = {name.removesuffix("_total") for name in FAMILIES}
    assert {one.name for one in ours()} == made


@given(text=st.text(max_size=80))
def test_no_label_says_what_it_was_not_allowed_to(text: str) -> None:
    """A hostile name of an event, a path or a model makes no new time series."""
    bounds = [one for family in FAMILIES.values() for one in family.labels.values()]
    assert len(bounds) > 30
    for bound in bounds:
        assert bound.of(text) in bound.values
        assert len(bound.values) <= 301


@given(names=st.lists(st.text(max_size=9), max_size=60))
def test_a_bound_lets_in_so_many_values_and_no_more(names: list[str]) -> None:
    """Whoever allows too much finds the rest under `other`; the first stay."""
    bound = Bound("first", most=20)
    bound.allow(*names)
    assert len(bound.values) <= 21
    assert {bound.of(one) for one in names} <= set(bound.values)
    assert bound.of("first") == "first"
    assert bound.of("never allowed") == OTHER


def test_names_follow_the_rules_of_prometheus() -> None:
    """Counters end in _total, times in _seconds, sizes in _bytes; each has its help."""
    for metric in ours():
        assert re.fullmatch(r"nofx_[a-z]+(_[a-z]+)*", metric.name)
        assert re.match(r"[A-Z].+\.$", metric.documentation)
        counters = (BoundedCounter, AskedCounter)
        counts = isinstance(FAMILIES.get(f"{metric.name}_total"), counters)
        assert (metric.type == "counter") == counts
        wrong = re.search(r"(millis|_ms|_kb|minutes|hours|percent)", metric.name)
        assert not wrong


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        (runs.UNENDED.labels["status"], [*Status]),
        (runs.ENDED.labels["status"], RUN.terminal),
        (gates.CONCLUSIONS, [*Conclusion]),
        (gates.DECISIONS, get_args(Decision)),
        (findings.SEVERITIES, [*Severity]),
    ],
)
def test_labels_speak_the_words_of_their_rooms(
    bound: Bound, words: list[StrEnum]
) -> None:
    """A state that was renamed would be counted as `other` for ever."""
    ended = RUN.terminal if bound is runs.UNENDED.labels["status"] else set()
    assert set(bound.values) - {OTHER} == {str(one) for one in words} - ended


def test_the_fates_of_findings_are_moves_of_the_table() -> None:
    """Each fate is a state, or the move that tells how a finding left one."""
    moves = {row.name for row in FINDING.transitions} | set(FINDING.states())
    assert set(findings.FATES.values) - {OTHER} <= {*moves, "demoted"}


def test_labels_must_be_the_metrics_own() -> None:
    """A typing error in a label is an error, not another series."""
    with pytest.raises(KeyError):
        runs.ENDED.inc(state="succeeded")
    with pytest.raises(ValueError, match="has the labels"):
        runs.ENDED.inc()


@pytest.fixture
def late() -> Iterator[LateGauge]:
    """Give a gauge that was told nothing, and take it away afterwards."""
    gauge = LateGauge("nofx_late", "Says something.", {"kind": Bound("a")})
    yield gauge
    REGISTRY.unregister(gauge)
    del FAMILIES[gauge.name]


def test_a_late_gauge_says_nothing_until_it_knows(late: LateGauge) -> None:
    """Zero would be a statement, and a wrong one."""
    assert REGISTRY.get_sample_value("nofx_late", {"kind": "a"}) is None
    late.set(3, kind="a")
    late.set(4, kind="whatever")
    assert REGISTRY.get_sample_value("nofx_late", {"kind": "a"}) == 3
    assert REGISTRY.get_sample_value("nofx_late", {"kind": "other"}) == 4
    late.forget()
    assert REGISTRY.get_sample_value("nofx_late", {"kind": "a"}) is None


def test_a_time_between_two_clocks_is_never_negative() -> None:
    """A sum that falls looks like a restart to Prometheus."""
    total = f"{runs.QUEUE_WAIT.name}_sum"
    before = REGISTRY.get_sample_value(total)
    runs.QUEUE_WAIT.observe(-5.0)
    assert REGISTRY.get_sample_value(total) == (before or 0)


def test_a_gauge_counts_a_body_while_it_runs() -> None:
    """Even one that fails."""
    gauge = runs.WORKING
    assert isinstance(gauge, BoundedGauge)
    before = REGISTRY.get_sample_value(gauge.name)

    def fail() -> None:
        with gauge.during():
            assert REGISTRY.get_sample_value(gauge.name) == (before or 0) + 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert REGISTRY.get_sample_value(gauge.name) == before


def test_what_has_not_happened_yet_is_told_as_none() -> None:
    """So that the first of something rare is an increase to Prometheus."""
    kinds, ends = Bound("push", "ping"), Bound("done")
    made = BoundedCounter("nofx_begun_total", "A test.", {"kind": kinds, "end": ends})
    wide = {"kind": Bound(*map(str, range(MOST_BEGUN + 1)))}
    many = BoundedCounter("nofx_many_total", "A test.", wide)
    try:
        kinds.allow("late")
        begin_counters()
        made.inc(kind="ping", end="done")
        begin_counters()
        told = {
            kind: REGISTRY.get_sample_value(made.name, {"kind": kind, "end": "done"})
            for kind in ("push", "ping", "late", OTHER)
        }
        assert told == {"push": 0, "ping": 1, "late": 0, OTHER: None}
        assert REGISTRY.get_sample_value(many.name, {"kind": "1"}) is None
    finally:
        for one in (made, many):
            del FAMILIES[one.name]
            REGISTRY.unregister(one._metric)

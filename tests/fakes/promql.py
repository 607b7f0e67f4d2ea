"""Reads what an expression of PromQL names: metrics, their labels, their values."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import promql_parser as promql

# What Grafana puts in before it asks.
GRAFANA = {"$__rate_interval": "5m", "$__range": "6h"}
PLACEHOLDER = re.compile("|".join(re.escape(one) for one in GRAFANA))
MATCHED = re.compile(r"[\w-]+(?:\|[\w-]+)*")


@dataclass(frozen=True, slots=True)
class Series:
    """A metric as an expression selects it; `values` are those it asks labels for."""

    name: str
    labels: frozenset[str]
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Labels that an expression groups or joins by, and the metrics under it."""

    labels: frozenset[str]
    names: tuple[str, ...]


def plain(text: str) -> str:
    """Return an expression of a dashboard as Prometheus gets it."""
    return PLACEHOLDER.sub(lambda found: GRAFANA[found[0]], text)


def series(text: str) -> list[Series]:
    """Return each selection in an expression; raises ValueError when it is none."""
    return [_series(one) for one in _selectors(_parsed(text))]


def groupings(text: str) -> list[Grouping]:
    """Return each grouping and join in an expression."""
    return [
        Grouping(frozenset(labels), tuple(one.name or "" for one in _selectors(node)))
        for node in _nodes(_parsed(text))
        if (labels := _labels(node)) is not None
    ]


def labels_of_answer(text: str) -> frozenset[str] | None:
    """Return by which labels the answer is told apart; None when by all of its own."""
    kept = [labels for node in _nodes(_parsed(text)) if (labels := _by(node))]
    return frozenset(kept[0]) - {"le"} if kept else None


def _parsed(text: str) -> promql.Expr:
    parsed: promql.Expr = promql.parse(plain(text))
    return parsed


def _nodes(expression: promql.Expr) -> list[promql.Expr]:
    found: list[promql.Expr] = []
    promql.walk(expression, found.append)
    return found


def _selectors(expression: promql.Expr) -> Iterator[promql.VectorSelector]:
    # Inside one with a range there is one without, which is met as well.
    for node in _nodes(expression):
        if isinstance(node, promql.VectorSelector):
            yield node


def _series(selector: promql.VectorSelector) -> Series:
    matchers = selector.matchers.matchers
    values = [
        (one.name, value)
        for one in matchers
        if MATCHED.fullmatch(one.value)
        for value in one.value.split("|")
    ]
    labels = frozenset(one.name for one in matchers)
    return Series(selector.name or "", labels, tuple(values))


def _labels(node: promql.Expr) -> list[str] | None:
    by = _by(node)
    if by is not None:
        return by
    match node:
        case promql.BinaryExpr(modifier=modifier) if modifier and modifier.matching:
            return list(modifier.matching.labels)
        case _:
            return None


def _by(node: promql.Expr) -> list[str] | None:
    if isinstance(node, promql.AggregateExpr) and node.modifier is not None:
        return list(node.modifier.labels)
    return None

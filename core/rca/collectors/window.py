"""Adds up samples to counters and histograms, and tells them as Prometheus reads them.

Of the client library only its text format serves here: its metrics say when they were
made, by a clock, and a bundle has none.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client import Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString
from typing_extensions import override

from core.metrics.registry import BoundedCounter, BoundedHistogram

Values = tuple[str, ...]


@dataclass(slots=True)
class _Spread:
    """How often values fell into each bucket, and what they sum up to."""

    counts: list[int]
    total: float = 0.0


@dataclass(slots=True)
class _Summed:
    """All series of one metric."""

    family: BoundedCounter | BoundedHistogram
    counted: dict[Values, float] = field(default_factory=dict)
    spread: dict[Values, _Spread] = field(default_factory=dict)


class Window(Collector):
    """What the samples add up to."""

    def __init__(self) -> None:
        self._summed: dict[str, _Summed] = {}

    def take(
        self,
        family: BoundedCounter | BoundedHistogram,
        value: float,
        labels: Mapping[str, str],
    ) -> None:
        """Take one sample in; the metric's labels say in which order they stand."""
        summed = self._summed.setdefault(family.name, _Summed(family))
        values = tuple(labels[name] for name in family.labels)
        if isinstance(family, BoundedCounter):
            summed.counted[values] = summed.counted.get(values, 0.0) + value
            return
        buckets = family.buckets
        spread = summed.spread.setdefault(values, _Spread([0] * (len(buckets) + 1)))
        spread.counts[bisect_left(buckets, value)] += 1
        spread.total += value

    def text(self) -> str:
        """Return all of it in Prometheus's text format, which promtool checks."""
        return generate_latest(self).decode()

    @override
    def collect(self) -> Iterator[Metric]:
        for name in sorted(self._summed):
            yield _metric(self._summed[name])


def _metric(summed: _Summed) -> Metric:
    family, labels = summed.family, tuple(summed.family.labels)
    if isinstance(family, BoundedCounter):
        counter = CounterMetricFamily(family.name, family.about, labels=labels)
        for values, value in sorted(summed.counted.items()):
            counter.add_metric(values, value)
        return counter
    histogram = HistogramMetricFamily(family.name, family.about, labels=labels)
    bounds = [*map(floatToGoString, family.buckets), "+Inf"]
    for values, spread in sorted(summed.spread.items()):
        below, rows = 0, list[tuple[str, float]]()
        for bound, count in zip(bounds, spread.counts, strict=True):
            below += count
            rows.append((bound, below))
        histogram.add_metric(values, rows, spread.total)
    return histogram

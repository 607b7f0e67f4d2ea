"""Where every metric is made: named, explained, and with a bound on each label."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from math import prod
from typing import Generic, TypeVar

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from core.metrics.bounds import Bound

__all__ = [
    "BYTES",
    "FAMILIES",
    "REGISTRY",
    "SECONDS",
    "AskedCounter",
    "BoundedCounter",
    "BoundedGauge",
    "BoundedHistogram",
    "Family",
    "LateGauge",
    "begin_counters",
]
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600)
BYTES = tuple(float(2**power) for power in range(22, 33))
Source = Callable[[], Mapping[tuple[str, ...], float]]
NO_LABELS: Mapping[str, Bound] = {}
M = TypeVar("M", Counter, Gauge, Histogram)
MOST_BEGUN = 100


class Family:
    """A metric by its name, what it is about, and what each of its labels may say."""

    def __init__(self, name: str, about: str, labels: Mapping[str, Bound]) -> None:
        self.name = name
        self.about = about
        self.labels = dict(labels)
        FAMILIES[name] = self

    def _values(self, given: Mapping[str, str]) -> tuple[str, ...]:
        if len(given) != len(self.labels):
            msg = f"{self.name} has the labels {sorted(self.labels)}"
            raise ValueError(msg)
        return tuple(bound.of(given[name]) for name, bound in self.labels.items())


FAMILIES: dict[str, Family] = {}


class _Made(Family, Generic[M]):
    """A metric of the client library, whose labels pass their bounds first."""

    def __init__(
        self, metric: M, name: str, about: str, labels: Mapping[str, Bound]
    ) -> None:
        super().__init__(name, about, labels)
        self._metric: M = metric
        self._children: dict[tuple[str, ...], M] = {}

    def child(self, **labels: str) -> M:
        """Return the one with these labels, for who counts often."""
        values = self._values(labels)
        if not values:
            return self._metric
        child = self._children.get(values)
        if child is None:
            child = self._children[values] = self._metric.labels(*values)
        return child


class BoundedCounter(_Made[Counter]):
    """Counts; its name ends in `_total`."""

    def __init__(
        self, name: str, about: str, labels: Mapping[str, Bound] = NO_LABELS
    ) -> None:
        made = Counter(name, about, tuple(labels))
        super().__init__(made, name, about, labels)

    def inc(self, amount: float = 1, /, **labels: str) -> None:
        """Count on."""
        self.child(**labels).inc(amount)

    def begin(self) -> None:
        """Say 0 of what has not happened yet, where that is few series.

        To Prometheus a series that begins at 1 has not grown, so that the first of what
        is rare, such as a dead run, would be missing in every sum.
        """
        known = [bound.known for bound in self.labels.values()]
        if prod(map(len, known)) <= MOST_BEGUN:
            for values in product(*known):
                self.child(**dict(zip(self.labels, values, strict=True)))


def begin_counters() -> None:
    """Let every counter begin at 0; for when all rooms have said what labels may be."""
    for family in FAMILIES.values():
        if isinstance(family, BoundedCounter):
            family.begin()


class BoundedGauge(_Made[Gauge]):
    """Says how much there is in this process now."""

    def __init__(
        self, name: str, about: str, labels: Mapping[str, Bound] = NO_LABELS
    ) -> None:
        made = Gauge(name, about, tuple(labels))
        super().__init__(made, name, about, labels)

    def set(self, value: float, /, **labels: str) -> None:
        """Say how much there is."""
        self.child(**labels).set(value)

    def inc(self, amount: float = 1, /, **labels: str) -> None:
        """Say that there is more."""
        self.child(**labels).inc(amount)

    def dec(self, amount: float = 1, /, **labels: str) -> None:
        """Say that there is less."""
        self.child(**labels).dec(amount)

    @contextmanager
    def during(self, **labels: str) -> Iterator[None]:
        """Count the body while it runs."""
        self.inc(**labels)
        try:
            yield
        finally:
            self.dec(**labels)


class BoundedHistogram(_Made[Histogram]):
    """Tells how values are spread; one of them can name the run that it is from."""

    def __init__(
        self,
        name: str,
        about: str,
        labels: Mapping[str, Bound] = NO_LABELS,
        *,
        buckets: tuple[float, ...] = SECONDS,
    ) -> None:
        made = Histogram(name, about, tuple(labels), buckets=buckets)
        super().__init__(made, name, about, labels)
        self.buckets = buckets

    def observe(
        self, value: float, /, *, run_id: str | None = None, **labels: str
    ) -> None:
        """Take in one value; the run's id becomes its exemplar, never a label.

        Between the clocks of two machines a time can be negative. It counts as none: a
        sum that falls looks like a restart to Prometheus.
        """
        exemplar = {"run_id": run_id} if run_id else None
        self.child(**labels).observe(max(0.0, value), exemplar)


class AskedCounter(Family, Collector):
    """Asks at each scrape how far something was counted that counts by itself."""

    def __init__(
        self, name: str, about: str, labels: Mapping[str, Bound] = NO_LABELS
    ) -> None:
        super().__init__(name, about, labels)
        self._source: Source = dict
        REGISTRY.register(self)

    def ask(self, source: Source) -> None:
        """Ask `source`; it answers by values of the labels, which it has bounded."""
        self._source = source

    @override
    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(self.name, self.about, labels=tuple(self.labels))
        for values, value in self._source().items():
            family.add_metric(values, value)
        yield family


class LateGauge(Family, Collector):
    """Says nothing until it was told something, and can forget it again.

    For what only one process knows: others export the name, but no value that could be
    taken for one.
    """

    def __init__(
        self, name: str, about: str, labels: Mapping[str, Bound] = NO_LABELS
    ) -> None:
        super().__init__(name, about, labels)
        self._told: dict[tuple[str, ...], float] = {}
        self._source: Source = dict
        REGISTRY.register(self)

    def set(self, value: float, /, **labels: str) -> None:
        """Say how much there is."""
        self._told[self._values(labels)] = value

    def ask(self, source: Source) -> None:
        """Ask `source` at each scrape too; it answers by values of the labels."""
        self._source = source

    def forget(self) -> None:
        """Say nothing from now on."""
        self._told = {}

    @override
    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(self.name, self.about, labels=tuple(self.labels))
        for values, value in {**self._source(), **self._told}.items():
            family.add_metric(values, value)
        yield family

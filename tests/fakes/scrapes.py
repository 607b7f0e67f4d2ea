"""What Prometheus sees: a page of metrics, read as its own parsers read it."""

from dataclasses import dataclass
from typing import Self

import aiohttp
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_families,
)
from prometheus_client.parser import text_string_to_metric_families as text_families

TEXT = "text/plain;version=0.0.4"
OPEN_METRICS = "application/openmetrics-text;version=1.0.0"


@dataclass(frozen=True, slots=True)
class Scrape:
    """One answer of `/metrics`."""

    content_type: str
    families: dict[str, Metric]

    @classmethod
    async def of(cls, url: str, accept: str = TEXT) -> Self:
        """Ask for the metrics in one of the two forms."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, headers={"Accept": accept}) as response,
        ):
            assert response.status == 200
            text, kind = await response.text(), response.content_type
        read = open_families if "openmetrics" in kind else text_families
        return cls(kind, {family.name: family for family in read(text)})

    def value(self, name: str, **labels: str) -> float | None:
        """Return a sample's value, None when it is not there."""
        for family in self.families.values():
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return sample.value
        return None

    def since(self, before: Self, name: str, **labels: str) -> float:
        """Return by how much a sample has grown."""
        return (self.value(name, **labels) or 0) - (before.value(name, **labels) or 0)

    def grown(self, before: Self, name: str) -> dict[tuple[str, ...], float]:
        """Return what has grown of a name, by the values of its labels."""
        found = {
            tuple(sample.labels[label] for label in sorted(sample.labels)): self.since(
                before, name, **sample.labels
            )
            for family in self.families.values()
            for sample in family.samples
            if sample.name == name
        }
        return {labels: value for labels, value in found.items() if value}

    def examples(self, name: str) -> set[str]:
        """Return the ids of runs that a histogram gives as examples."""
        return {
            sample.exemplar.labels["run_id"]
            for sample in self.families[name].samples
            if sample.exemplar is not None
        }

"""What metrics said before and say now, for the registry is one for all tests."""

from typing import Any

from core.metrics import catalog
from core.metrics.registry import REGISTRY

Labels = frozenset[tuple[str, str]]
assert catalog.ROOMS  # so that every metric is there


def samples() -> dict[tuple[str, Labels], float]:
    """Return every sample by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
    }


class Measures:
    """The metrics as they were when this was made, and what has moved since."""

    def __init__(self) -> None:
        self._before = samples()

    def moved(self, name: str, **labels: str) -> float:
        """Return by how much one sample has moved."""
        key = name, frozenset(labels.items())
        return samples().get(key, 0.0) - self._before.get(key, 0.0)

    def all_moved(self, name: str) -> dict[tuple[str, ...], float]:
        """Return how each sample of this name moved, by the values of its labels."""
        moves = {
            key: value - self._before.get(key, 0.0) for key, value in samples().items()
        }
        return {
            tuple(value for _, value in sorted(labels)): move
            for (found, labels), move in moves.items()
            if found == name and move
        }


def exemplars(name: str, **labels: str) -> set[str]:
    """Return the ids of runs that a histogram's buckets name as examples."""
    found: list[Any] = [
        sample.exemplar
        for family in REGISTRY.collect()
        if family.name == name
        for sample in family.samples
        if labels.items() <= sample.labels.items()
    ]
    return {one.labels["run_id"] for one in found if one is not None}

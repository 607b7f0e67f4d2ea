"""Positions of the feed from one to another, and the blocks that they are cut into."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

# So many positions make a block: to read them takes the embedded server 30 ms.
LENGTH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Positions from `first` to `last`, both included, and from which end to read."""

    first: int
    last: int
    backwards: bool = False

    @property
    def length(self) -> int:
        """Return how many positions it has."""
        return max(0, self.last - self.first + 1)

    @property
    def end(self) -> int:
        """Return the position that is read last."""
        return self.first if self.backwards else self.last

    def begin(self, length: int) -> "Stretch":
        """Return the part of it that is read first."""
        if self.backwards:
            return replace(self, first=max(self.first, self.last - length + 1))
        return replace(self, last=min(self.last, self.first + length - 1))

    def after(self, part: "Stretch") -> "Stretch":
        """Return what is left of it once its beginning was read."""
        if self.backwards:
            return replace(self, last=part.first - 1)
        return replace(self, first=part.last + 1)

    def cut(self) -> Iterator["Stretch"]:
        """Yield its parts, block by block, in reading order."""
        left = self
        while left.length:
            block = block_of(left.last if self.backwards else left.first)
            part = replace(
                left,
                first=max(left.first, block.first),
                last=min(left.last, block.last),
            )
            yield part
            left = left.after(part)


def block_of(position: int) -> Stretch:
    """Return the block that a position lies in; all blocks are of one length."""
    first = (position - 1) // LENGTH * LENGTH + 1
    return Stretch(first=first, last=first + LENGTH - 1)


def around(parts: Sequence[Stretch]) -> Stretch:
    """Return the stretch from the first to the last position of some."""
    return Stretch(
        first=min(part.first for part in parts), last=max(part.last for part in parts)
    )

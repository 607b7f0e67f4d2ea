"""Which pieces of which files stand together in one question, most risky first."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.review.prompt.showing import Piece, ShownFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some pieces of one file, as one question has them."""

    file: ShownFile
    pieces: tuple[Piece, ...]


@dataclass(slots=True)
class _Bin:
    room: int
    parts: dict[str, tuple[ShownFile, list[Piece]]] = field(default_factory=dict)

    def need(self, file: ShownFile, pieces: Sequence[Piece]) -> int:
        known = 0 if file.path in self.parts else file.tokens
        return known + sum(piece.tokens for piece in pieces)

    def take(self, file: ShownFile, pieces: Sequence[Piece]) -> None:
        self.room -= self.need(file, pieces)
        self.parts.setdefault(file.path, (file, []))[1].extend(pieces)


def packed(files: Sequence[ShownFile], *, room: int) -> tuple[tuple[Part, ...], ...]:
    """Return the questions, each with parts of at most `room` tokens.

    Every piece is in exactly one of them. A file stays together where it fits into one.
    A piece may take as much as `room` less what its file takes besides.
    """
    ranked = sorted(enumerate(files), key=lambda one: (-one[1].risk, one[0]))
    bins: list[_Bin] = []
    for _, file in ranked:
        if not file.pieces:
            continue
        if file.tokens + sum(one.tokens for one in file.pieces) <= room:
            _place(bins, file, file.pieces, room)
            continue
        for piece in file.pieces:
            _place(bins[-1:], file, (piece,), room, new=bins)
    return tuple(
        tuple(
            Part(file=file, pieces=tuple(pieces)) for file, pieces in one.parts.values()
        )
        for one in bins
    )


def _place(
    bins: list[_Bin],
    file: ShownFile,
    pieces: Sequence[Piece],
    room: int,
    *,
    new: list[_Bin] | None = None,
) -> None:
    """Put pieces into the first question with room for them, or into a new one."""
    for one in bins:
        if one.need(file, pieces) <= one.room:
            one.take(file, pieces)
            return
    fresh = _Bin(room)
    fresh.take(file, pieces)
    (bins if new is None else new).append(fresh)

"""Changed files as a model is shown them: in pieces, of which each fits a question."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.review.findings import Proposal, Side
from core.review.hunks import FilePatch, Hunk
from core.review.prompt.enclosing import Definition, enclosing_hunk
from core.review.prompt.numbering import NumberedLine, numbered
from core.review.sanitize import clean_line

Count = Callable[[str], int]
LONGEST_LINE = 2000
LONGEST_PATH = 300
TOO_LONG = f"it has lines of more than {LONGEST_LINE} characters"
TOO_LARGE = "a part of it is larger than what the model can read at once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Lines that stay together: a hunk, or a part of one that is too large.

    `head` names what is around them, `known` what analyzers said of them. `tokens` is
    what all of it takes in a question.
    """

    hunk_id: str
    head: str
    lines: tuple[NumberedLine, ...]
    known: tuple[str, ...]
    tokens: int

    @property
    def text(self) -> str:
        """Return the piece as it stands in a question."""
        return "\n".join((self.head, *(one.shown for one in self.lines), *self.known))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFile:
    """A file's pieces in their order; `title` opens its block in a question.

    `name` is the path as the model is to say it. `tokens` is what the file takes
    besides its pieces.
    """

    path: str
    name: str
    title: str
    pieces: tuple[Piece, ...]
    tokens: int
    risk: int
    instructions: tuple[str, ...] = ()


def head_of(definitions: Sequence[Definition]) -> str:
    """Return the line above a piece: `in class Store > def keep(self):`, or `@@`."""
    words = " > ".join(one.signature for one in definitions)
    return f"in {words}" if words else "@@"


def pieces_of(
    patch: FilePatch,
    source: bytes | None,
    remarks: Sequence[Proposal],
    *,
    count: Count,
    most: int,
) -> tuple[tuple[Piece, ...], dict[str, str]]:
    """Return a file's pieces, of at most so many tokens, and what is left out and why.

    A hunk is in one of both: either all of its lines are in pieces, each once, or none.
    """
    lines = numbered(patch.hunks)
    pieces: list[Piece] = []
    left: dict[str, str] = {}
    for hunk in patch.hunks:
        mine = lines[hunk.id]
        if any(len(one.text) > LONGEST_LINE for one in mine):
            left[hunk.id] = TOO_LONG
            continue
        head = head_of(enclosing_hunk(hunk, source))
        made = _pieces(hunk, head, mine, remarks, count=count, most=most)
        if made is None:
            left[hunk.id] = TOO_LARGE
        else:
            pieces += made
    return tuple(pieces), left


def names_of(paths: Sequence[str]) -> Mapping[str, str]:
    """Return what each file is called in a question: one line, no two alike."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for path in paths:
        plain = clean_line(path, limit=LONGEST_PATH)
        name, turn = plain, 1
        while name in taken:
            turn += 1
            name = f"{plain} ({turn})"
        taken.add(name)
        names[path] = name
    return names


def _pieces(
    hunk: Hunk,
    head: str,
    lines: Sequence[NumberedLine],
    remarks: Sequence[Proposal],
    *,
    count: Count,
    most: int,
) -> list[Piece] | None:
    made: list[Piece] = []
    room = most - count(head) - 1
    for group in _split(lines, count, room):
        known = tuple(_known(hunk, group, remarks))
        piece = _piece(hunk, head, group, known, count)
        if piece.tokens > most:
            # What analyzers said is left out before code is.
            piece = _piece(hunk, head, group, (), count)
        if piece.tokens > most:
            return None
        made.append(piece)
    return made


def _piece(
    hunk: Hunk,
    head: str,
    lines: Sequence[NumberedLine],
    known: Sequence[str],
    count: Count,
) -> Piece:
    texts = (head, *(one.shown for one in lines), *known)
    return Piece(
        hunk_id=hunk.id,
        head=head,
        lines=tuple(lines),
        known=tuple(known),
        tokens=_tokens(texts, count),
    )


def _tokens(texts: Sequence[str], count: Count) -> int:
    """Count a text whole, which takes less than its lines one by one."""
    return count("\n".join(texts)) + 1


def _split(
    lines: Sequence[NumberedLine], count: Count, room: int
) -> Iterator[Sequence[NumberedLine]]:
    """Yield runs of lines that fit, cut where the code has a gap if one is near."""
    if count("\n".join(one.shown for one in lines)) <= room:
        yield lines
        return
    costs = [count(one.shown) + 1 for one in lines]
    start, used = 0, 0
    place = 0
    while place < len(lines):
        if used + costs[place] > room and place > start:
            cut = _gap(lines, start, place)
            yield lines[start:cut]
            start, used = cut, sum(costs[cut:place])
            continue
        used += costs[place]
        place += 1
    yield lines[start:]


def _gap(lines: Sequence[NumberedLine], start: int, end: int) -> int:
    """Return where to cut: behind an empty line in the last half, else at the end."""
    for place in range(end, start + (end - start) // 2, -1):
        if not lines[place - 1].text.strip():
            return place
    return end


def _known(
    hunk: Hunk, lines: Sequence[NumberedLine], remarks: Sequence[Proposal]
) -> Iterator[str]:
    at = {one.number: one for one in lines if one.side is Side.RIGHT}
    for remark in remarks:
        line = at.get(remark.line)
        if remark.path == hunk.path and remark.side is Side.RIGHT and line is not None:
            words = clean_line(f"{remark.rule}: {remark.title}", limit=160)
            yield f"known {line.reference} {words}"

"""Findings of several files in as few questions as fit, with the code around them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.review.findings import Finding
from core.review.hunks import Diff
from core.review.prompt.fencing import Block, fenced
from core.review.sanitize import clean_line
from core.review.second.showing import CodeLine, around, claim, lines_of

Count = Callable[[str], int]
MOST_CLAIMS = 40
# Lines above and below a finding, and characters of its body: the first that fits.
VIEWS = ((40, 20, 1000), (12, 8, 600), (3, 3, 300))
# Tokens that the mark, the fences and the titles of a file's blocks take.
FRAME = 60
TOO_LARGE = "the code around it is larger than what the model can read at once"
NOWHERE = "neither the file nor the diff shows its lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A file's part of a question: code, and the findings that are claims about it."""

    path: str
    code: str
    findings: tuple[Finding, ...]
    body: int
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question: its material, and which finding each claim's name stands for."""

    material: str
    claims: Mapping[str, Finding]


def questions(
    findings: Sequence[Finding],
    diff: Diff,
    files: Mapping[str, bytes],
    *,
    count: Count,
    room: int,
) -> tuple[tuple[Asked, ...], dict[str, str]]:
    """Return questions of at most `room` tokens, and why what fits in none does not.

    Findings of one file stay together where they fit, for only then can it be seen that
    two are one.
    """
    sections: list[Section] = []
    left: dict[str, str] = {}
    for path in dict.fromkeys(one.path for one in findings):
        mine = [one for one in findings if one.path == path]
        patches = [patch for patch in diff.files if patch.path == path]
        lines = lines_of(patches, files.get(path))
        for made in _sections(lines, mine, count, room):
            if isinstance(made, Section):
                sections.append(made)
            else:
                left |= made
    return tuple(_asked(group) for group in _packed(sections, room)), left


def _sections(
    lines: Sequence[CodeLine], findings: Sequence[Finding], count: Count, room: int
) -> Iterator[Section | dict[str, str]]:
    if len(findings) <= MOST_CLAIMS:
        for above, below, body in VIEWS:
            code = around(lines, findings, above, below)
            if code is None:
                break
            said = "\n".join(claim("c99", one, longest=body) for one in findings)
            tokens = count(code) + count(said) + count(findings[0].path) * 2 + FRAME
            if tokens <= room:
                yield Section(
                    path=findings[0].path,
                    code=code,
                    findings=tuple(findings),
                    body=body,
                    tokens=tokens,
                )
                return
    if len(findings) == 1:
        (one,) = findings
        seen = around(lines, findings, 0, 0) is not None
        yield {one.fingerprint: TOO_LARGE if seen else NOWHERE}
        return
    half = len(findings) // 2
    yield from _sections(lines, findings[:half], count, room)
    yield from _sections(lines, findings[half:], count, room)


def _packed(sections: Sequence[Section], room: int) -> list[list[Section]]:
    """Put each section into the first question that has room for it."""
    groups: list[list[Section]] = []
    for one in sections:
        for group in groups:
            claims = sum(len(each.findings) for each in group)
            if (
                sum(each.tokens for each in group) + one.tokens <= room
                and claims + len(one.findings) <= MOST_CLAIMS
            ):
                group.append(one)
                break
        else:
            groups.append([one])
    return groups


def _asked(group: Sequence[Section]) -> Asked:
    claims: dict[str, Finding] = {}
    blocks: list[Block] = []
    for section in group:
        said: list[str] = []
        for one in section.findings:
            name = f"c{len(claims) + 1}"
            claims[name] = one
            said.append(claim(name, one, longest=section.body))
        path = clean_line(section.path)
        blocks.append((f"file {path}", section.code))
        blocks.append((f"claims about {path}", "\n".join(said)))
    return Asked(material=fenced(blocks), claims=claims)

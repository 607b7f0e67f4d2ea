"""Benchmarks of others as cases: AACR-Bench's public JSON, and Martian's.

AACR-Bench (https://github.com/alibaba/aacr-bench) names both commits and the lines of
each remark. Martian's (https://github.com/withmartian/code-review-benchmark) names pull
requests and says in words alone what a review should find. Neither holds the code.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from core.errors import BenchmarkUnreadableError
from core.review.evaluation.case import CaseFile, Expected
from core.review.findings import Severity, Side

PULL = re.compile(r"github\.com/([\w.-]+)/([\w.-]+)/pull/(\d+)", re.IGNORECASE)
SEVERITIES: Mapping[str, Severity] = {
    "low": Severity.INFO,
    "medium": Severity.WARNING,
    "high": Severity.ERROR,
    "critical": Severity.ERROR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One pull request of a benchmark; commits where the benchmark names them."""

    owner: str
    name: str
    number: int
    case: CaseFile
    base: str | None = None
    head: str | None = None

    @property
    def label(self) -> str:
        """Return `owner__name__number`, the name of its case and of its diff."""
        return f"{self.owner}__{self.name}__{self.number}"


class _Remark(BaseModel):
    path: str | None = None
    note: str = ""
    from_line: Annotated[int, Field(ge=1)] | None = None
    to_line: Annotated[int, Field(ge=1)] | None = None
    side: Literal["left", "right"] | None = None


class _Sample(BaseModel):
    github_pr_url: Annotated[str, Field(alias="githubPrUrl")]
    source_commit: Annotated[str, Field(pattern=r"^[0-9a-f]{7,40}$")]
    target_commit: Annotated[str, Field(pattern=r"^[0-9a-f]{7,40}$")]
    comments: tuple[_Remark, ...] = ()


class _Golden(BaseModel):
    comment: str
    severity: str = ""


class _Pull(BaseModel):
    pr_title: str = ""
    url: str
    comments: tuple[_Golden, ...] = ()


def _aacr(data: bytes) -> list[Entry]:
    return [
        _entry(
            one.github_pr_url,
            CaseFile(
                origin=one.github_pr_url,
                expected=tuple(_remark(said) for said in one.comments if said.note),
            ),
            base=one.source_commit,
            head=one.target_commit,
        )
        for one in TypeAdapter(list[_Sample]).validate_json(data)
    ]


def _remark(said: _Remark) -> Expected:
    first, last = said.from_line, said.to_line or said.from_line
    if first is not None and last is not None and first > last:
        first, last = last, first
    placed = said.path is not None and last is not None
    return Expected(
        text=said.note,
        path=said.path,
        side=Side.LEFT if said.side == "left" else Side.RIGHT,
        start_line=first if placed else None,
        line=last if placed else None,
    )


def _martian(data: bytes) -> list[Entry]:
    return [
        _entry(
            one.url,
            CaseFile(
                title=one.pr_title,
                origin=one.url,
                expected=tuple(
                    Expected(
                        text=said.comment,
                        severity=SEVERITIES.get(said.severity.lower()),
                    )
                    for said in one.comments
                    if said.comment
                ),
            ),
        )
        for one in TypeAdapter(list[_Pull]).validate_json(data)
    ]


def _entry(url: str, case: CaseFile, **commits: str) -> Entry:
    found = PULL.search(url)
    if found is None:
        raise ValueError(f"{url[:200]!r} is not the address of a pull request")
    owner, name, number = found.groups()
    return Entry(owner=owner, name=name, number=int(number), case=case, **commits)


Reader = Callable[[bytes], list[Entry]]
BENCHMARKS: Mapping[str, Reader] = {"aacr": _aacr, "martian": _martian}


def read_benchmark(name: str, path: Path, data: bytes) -> Sequence[Entry]:
    """Return the pull requests of a benchmark's file; BenchmarkUnreadableError."""
    facts: dict[str, Any] = {"path": path, "name": name}
    try:
        return BENCHMARKS[name](data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = "/".join(map(str, first["loc"])) or "the start"
        raise BenchmarkUnreadableError(
            **facts, place=place, reason=first["msg"]
        ) from None
    except ValueError as error:
        raise BenchmarkUnreadableError(
            **facts, place="a pull request", reason=str(error)
        ) from None

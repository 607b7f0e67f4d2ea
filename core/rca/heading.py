"""What stands first in a bundle, made last: the report, the manifest and the sums."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC

from core.events.base import JSON
from core.events.commit import shown
from core.rca.built import FORMAT
from core.rca.cause import Analysis
from core.rca.collecting import Packer, Shelf, Source
from core.rca.html_parts import Folded
from core.rca.members import Member, Missed
from core.rca.story import Story

REPORT, PAGE = "00-REPORT", "report"
MANIFEST, SUMS = "manifest", "SHA256SUMS"
# The order in which they stand.
HEAD = (f"{REPORT}.md", f"{PAGE}.html", f"{MANIFEST}.json", SUMS)
# Collectors that failed, each with what went wrong.
Misses = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How a story and its causes are put for people: as Markdown and as one page.

    The page also folds parts, such as differences.
    """

    markdown: Callable[[Story, Analysis, Misses], str]
    page: Callable[[Story, Analysis, Misses, Sequence[Folded]], str]


def name_of(story: Story) -> str:
    """Return the bundle's file name: the run, and the time of its last entry."""
    return f"rca-{story.run.id}-{story.as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}.tar.gz"


async def write_report(
    source: Source, shelf: Shelf, packer: Packer, telling: Telling
) -> None:
    """Write the report for people, as Markdown and as a page."""
    missed = [(one.collector, one.error) for one in shelf.missed]
    told = (source.story, source.analysis, missed)
    text = await asyncio.to_thread(telling.markdown, *told)
    await packer.text(REPORT, text, ".md")
    text = await asyncio.to_thread(telling.page, *told, shelf.folded)
    await packer.text(PAGE, text, ".html")


async def write_account(shelf: Shelf, source: Source) -> None:
    """Write what was masked and erased, and which collectors failed."""
    total: Counter[str] = Counter()
    for counts in shelf.masks.values():
        total.update(counts)
    report: JSON = {
        "masked": dict(sorted(total.items())),
        "by_member": {
            name: dict(sorted(counts.items()))
            for name, counts in sorted(shelf.masks.items())
        },
        "redacted_checkpoints": sorted(shelf.checkpoints),
        "redacted_states": sorted(source.story.run.redacted),
        "redacted_blobs": sorted(shelf.blobs),
    }
    await Packer(shelf, "redaction").json("redaction/report", report)
    lines = Packer(shelf, "errors").lines("errors/collection")
    await lines.add(_told(one) for one in shelf.missed)
    await lines.close()


async def write_manifest(shelf: Shelf, source: Source) -> None:
    """Write the manifest of all members, and the sums of these and of it."""
    manifest = Packer(shelf, "manifest")
    masked = await asyncio.to_thread(shelf.masker.masked, _facts(source, shelf.missed))
    members: list[JSON] = [
        {
            "name": one.name,
            "size": one.size,
            "sha256": one.sha256,
            "collector": one.collector,
        }
        for one in shelf.archive.members
    ]
    assert isinstance(masked, dict)  # noqa: S101 # it was one
    await manifest.plain(MANIFEST, {**masked, "members": members})
    sums = "".join(map(_sum, shelf.archive.members))
    await manifest.raw(SUMS, sums.encode())


def _facts(source: Source, missed: Iterable[Missed]) -> JSON:
    run, first = source.story.run, source.analysis.causes[0]
    return {
        "format": FORMAT,
        "name": name_of(source.story),
        "run_id": run.id,
        "repository": run.subject.repository,
        "pull": run.subject.pull,
        "head_sha": run.subject.head_sha,
        "status": str(run.status),
        "conclusion": run.conclusion,
        "outcome": source.analysis.outcome,
        "seq": run.head_seq,
        "head_hash": run.head_hash,
        "as_of": shown(source.story.as_of),
        "made_by": source.made_by,
        "cause": {
            "name": first.name,
            "sentence": first.sentence,
            "confidence": str(first.confidence),
        },
        "errors": [_told(one) for one in missed],
    }


def _told(missed: Missed) -> JSON:
    told = {"collector": missed.collector, "error": missed.error}
    return {**told, "member": missed.member} if missed.member else told


def _sum(member: Member) -> str:
    return f"{member.sha256}  {member.name}\n"

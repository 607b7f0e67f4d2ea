"""Reviews by rules alone: analyzers over the changed files, told as what they are."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import version

from typing_extensions import override

from bot.models.rules.analyzer import Analyzer, Remark, Report, SourceFile
from bot.models.rules.changed import changed_lines
from bot.models.rules.paths import is_utf8
from bot.models.rules.ruff import RuffAnalyzer
from bot.models.rules.secret_scan import remark_on, sighted
from bot.models.rules.unread import unread_hunks
from bot.models.rules.zizmor import ZizmorAnalyzer
from core.clock import Clock
from core.review.findings import Proposal
from core.review.hunks import FilePatch, Status
from core.review.reviewer import (
    Read,
    ReviewAnswer,
    ReviewModel,
    ReviewRequest,
    Sighting,
    Usage,
)
from core.review.sanitize import clean_line
from core.sandbox import Sandbox
from core.secrets import Masker, SecretFinder

TITLE, BODY = 200, 20_000
# What these guess at by a name, the secret scan has found for certain.
SAME_AS_SECRET = frozenset({"ruff:S105", "ruff:S106", "ruff:S107"})


class _Counted:
    """Adds up what several readers have read at once."""

    def __init__(self, read: Read, done: int) -> None:
        self._read = read
        self._done = done

    async def more(self, count: int) -> None:
        """Say that so many more files have been read."""
        self._done += count
        await self._read(self._done)


class RulesReviewer(ReviewModel):
    """ruff, zizmor and a search for secrets; no language model reads the code.

    Each analyzer runs in the sandbox, over files alone, with our configuration. Every
    review of the same request gives the same answer.
    """

    def __init__(self, *, sandbox: Sandbox, finder: SecretFinder, clock: Clock) -> None:
        self._analyzers: Sequence[Analyzer] = (
            RuffAnalyzer(sandbox),
            ZizmorAnalyzer(sandbox),
        )
        self._finder = finder
        self._masker = Masker((), finder=finder)
        self._clock = clock

    @property
    @override
    def name(self) -> str:
        return "rules"

    @property
    @override
    def version(self) -> str:
        return _versions()

    @property
    @override
    def is_model(self) -> bool:
        return False

    @override
    async def review(self, request: ReviewRequest) -> ReviewAnswer:
        started = self._clock.monotonic()
        patches = {
            patch.path: patch for patch in request.diff.files if _is_readable(patch)
        }
        found, reports = await self._read(patches, request)
        # What is told of was masked before it came here, and the rest was not.
        told = [one for one in request.sightings if one.path in patches]
        secrets = [remark_on(one) for one in dict.fromkeys((*told, *found))]
        return ReviewAnswer(
            proposals=self._proposals(patches, secrets, reports),
            unread=unread_hunks(
                request.diff,
                analyzers=self._analyzers,
                files=request.files,
                unread_files={
                    path: reason
                    for report in reports
                    for path, reason in report.unread.items()
                },
            ),
            usage=Usage(
                wall_seconds=self._clock.monotonic() - started,
                cpu_seconds=sum(report.cpu_seconds for report in reports),
                peak_memory_bytes=max(report.peak_memory_bytes for report in reports),
            ),
        )

    async def _read(
        self, patches: Mapping[str, FilePatch], request: ReviewRequest
    ) -> tuple[Sequence[Sighting], Sequence[Report]]:
        files = request.files
        kinds = [(one, _kind(one, patches, files)) for one in self._analyzers]
        # What no analyzer reads is searched for secrets, and that is all.
        paths = {patch.path for patch in request.diff.files}
        done = _Counted(request.read, len(paths) - sum(len(kind) for _, kind in kinds))
        try:
            async with asyncio.TaskGroup() as group:
                secrets = group.create_task(
                    asyncio.to_thread(self._secrets, patches, files)
                )
                reports = [
                    group.create_task(one.analyze(kind, done.more))
                    for one, kind in kinds
                ]
        except BaseExceptionGroup as failures:
            # The port promises a plain error; the first is the cause of the rest.
            raise failures.exceptions[0] from failures
        return secrets.result(), [report.result() for report in reports]

    def _secrets(
        self, patches: Mapping[str, FilePatch], files: Mapping[str, bytes]
    ) -> Sequence[Sighting]:
        return tuple(sighted(list(patches.values()), files, self._finder))

    def _proposals(
        self,
        patches: Mapping[str, FilePatch],
        secrets: Sequence[Remark],
        reports: Sequence[Report],
    ) -> tuple[Proposal, ...]:
        """Keep what is about changed lines, in a stable order, each once."""
        hidden = {
            (secret.path, line)
            for secret in secrets
            for line in range(secret.start, secret.end + 1)
        }
        remarks = [*secrets]
        for remark in (remark for report in reports for remark in report.remarks):
            lines = range(remark.start, remark.end + 1)
            on_secret = any((remark.path, line) in hidden for line in lines)
            if not on_secret:
                remarks.append(remark)
            elif remark.rule not in SAME_AS_SECRET:
                remarks.append(self._hush(remark))
        proposals = {
            (proposal.path, proposal.line, proposal.rule, proposal.title): proposal
            for remark in remarks
            if (proposal := _proposal(remark, patches[remark.path]))
        }
        return tuple(proposals[key] for key in sorted(proposals))

    def _hush(self, remark: Remark) -> Remark:
        """Keep a remark about a line with a secret from repeating the secret."""
        return replace(
            remark,
            title=self._masker.mask(remark.title),
            body=self._masker.mask(remark.body),
            suggestion=None,
        )


def _is_readable(patch: FilePatch) -> bool:
    there = patch.status is not Status.REMOVED and bool(patch.hunks)
    return there and is_utf8(patch.path)


def _kind(
    analyzer: Analyzer, patches: Mapping[str, FilePatch], files: Mapping[str, bytes]
) -> Sequence[SourceFile]:
    return [
        SourceFile(path=path, content=files[path])
        for path in patches
        if path in files and analyzer.reads(path)
    ]


def _proposal(remark: Remark, patch: FilePatch) -> Proposal | None:
    lines = changed_lines(patch, remark.start, remark.end)
    if lines is None:
        return None
    start, end = lines
    # A suggestion replaces exactly the lines it stands on.
    fits = lines == (remark.start, remark.end)
    suggestion = remark.suggestion if fits else None
    if suggestion is not None and len(suggestion) > BODY:
        suggestion = None
    return Proposal(
        path=remark.path,
        start_line=start if start < end else None,
        line=end,
        severity=remark.severity,
        confidence=remark.confidence,
        rule=remark.rule[:TITLE],
        title=clean_line(remark.title, limit=TITLE),
        body=remark.body[:BODY],
        suggestion=suggestion,
        source=remark.rule.partition(":")[0],
    )


@cache
def _versions() -> str:
    """Return what reviews, with versions; asking takes milliseconds."""
    programs = ("nofx", "ruff", "zizmor", "kingfisher-secret-scanner")
    return " ".join(f"{name} {version(name)}" for name in programs)

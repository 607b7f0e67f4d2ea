"""Runs an analyzer over many files at once, and singles out those that break it."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.models.rules.analyzer import Report, SourceFile
from core.review.reviewer import Read, unwatched

FILE_BYTES = 2_000_000
BATCH_FILES = 400
BATCH_BYTES = 20_000_000
# Enough to single out several bad files among hundreds; a flood of them is cut off.
MOST_RUNS = 48

TOO_LARGE = f"it is larger than {FILE_BYTES // 1_000_000} MB"
CARRIAGE_RETURNS = (
    "it has carriage returns that programs count as line ends and git does not"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A run that gave nothing, why, and what it used all the same."""

    reason: str
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0


Run = Callable[[Sequence[SourceFile]], Awaitable[Report | Failed]]


async def in_batches(
    files: Sequence[SourceFile], run: Run, read: Read = unwatched
) -> Report:
    """Run over the files, and again over each half of a batch that failed.

    So one hostile file costs only itself its review. Files that cannot be read at all
    are left out first, with the reason. `read` is told of so many more files whenever
    nothing more will be tried with some.
    """
    refused = {file.path: reason for file in files if (reason := _refusal(file))}
    await read(len(refused))
    reports: list[Report | Failed] = [Report(unread=refused)]
    waiting = list(_batches(file for file in files if file.path not in refused))
    runs = 0
    while waiting:
        batch = waiting.pop(0)
        if runs == MOST_RUNS:
            reports.append(_unread(batch, "too many files in this change break it"))
            await read(len(batch))
            continue
        runs += 1
        report = await run(batch)
        reports.append(report)
        half = len(batch) // 2
        if isinstance(report, Failed) and half:
            waiting[:0] = [batch[:half], batch[half:]]
            continue
        if isinstance(report, Failed):
            reports.append(_unread(batch, report.reason))
        await read(len(batch))
    return _join(reports)


def _refusal(file: SourceFile) -> str | None:
    if len(file.content) > FILE_BYTES:
        return TOO_LARGE
    # Lines would be counted otherwise than in the diff, and remarks stand elsewhere.
    if file.content.count(b"\r") != file.content.count(b"\r\n"):
        return CARRIAGE_RETURNS
    return None


def _batches(files: Iterable[SourceFile]) -> Iterator[list[SourceFile]]:
    batch: list[SourceFile] = []
    size = 0
    for file in files:
        full = len(batch) == BATCH_FILES or size + len(file.content) > BATCH_BYTES
        if batch and full:
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += len(file.content)
    if batch:
        yield batch


def _unread(batch: Iterable[SourceFile], reason: str) -> Report:
    return Report(unread={file.path: reason for file in batch})


def _join(reports: Sequence[Report | Failed]) -> Report:
    whole = [report for report in reports if isinstance(report, Report)]
    return Report(
        remarks=tuple(remark for report in whole for remark in report.remarks),
        unread={path: why for one in whole for path, why in one.unread.items()},
        cpu_seconds=sum(report.cpu_seconds for report in reports),
        peak_memory_bytes=max(report.peak_memory_bytes for report in reports),
    )

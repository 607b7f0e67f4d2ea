"""From the options of `nofx review` to a change, and from its report to the output."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.cli.choices import FailOn
from bot.cli.outputs import Output
from bot.cli.running import complain
from bot.cli.service import Service
from bot.formats import wording
from bot.formats.form import Format
from bot.formats.render import render
from bot.pipeline.changes import (
    LocalChange,
    change_from_diff,
    change_from_event,
    change_from_refs,
    read_event,
)
from bot.pipeline.checkout import Checkout
from bot.plain import one_line
from bot.settings import Settings, environment
from bot.terminal import console_for, emit, plain_console, write_file
from core.review.config import FILE
from core.review.findings import Severity
from core.review.hunks import parse_diff
from core.review.report import CoverageState, ReviewReport

CODE_SHOWN = (Format.TEXT, Format.MARKDOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the change is: a diff, an event with a repository, or two refs of one."""

    repo: Path
    base: str | None
    head: str
    diff: bytes | None
    diff_name: str
    event: Path | None


async def review(
    service: Service, settings: Settings, source: Source
) -> tuple[LocalChange, ReviewReport]:
    """Fetch the change and have it reviewed."""
    change = await _change(source)
    return change, await service.review(settings, change)


def publish(report: ReviewReport, diff: bytes, outputs: Sequence[Output]) -> None:
    """Write the report wherever it goes; say what a file or a pipe would hide."""
    parsed = (
        parse_diff(diff) if any(one.form in CODE_SHOWN for one in outputs) else None
    )
    for one in outputs:
        file = one.path
        console = console_for(sys.stdout) if file is None else plain_console()
        text = render(report, parsed, one.form, console)
        if file is None:
            emit(text)
        else:
            write_file(file, text)
    for problem in report.configuration:
        complain(f"{FILE}: {one_line(problem)}")
    shown = any(one.path is None and one.form is Format.TEXT for one in outputs)
    if report.coverage.state is not CoverageState.REVIEWED and not shown:
        complain(
            f"Coverage: {wording.coverage(report.coverage)}."
            f" {one_line(report.verdict.reason)}"
        )


def reaches(report: ReviewReport, fail_on: FailOn) -> bool:
    """Tell whether a finding is as severe as `fail_on` or worse."""
    if fail_on is FailOn.NEVER:
        return False
    least = Severity(fail_on.value).rank
    return any(finding.severity.rank >= least for finding in report.findings)


async def _change(source: Source) -> LocalChange:
    """Return the change that the source names."""
    if source.diff is not None:
        return change_from_diff(source.diff, source.diff_name)
    checkout = Checkout(source.repo, environment())
    if source.event is not None:
        return await change_from_event(checkout, read_event(source.event))
    return await change_from_refs(checkout, source.base or "", source.head)

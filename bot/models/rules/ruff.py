"""ruff over changed Python files, with our own rules and never the pull request's."""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from pydantic import TypeAdapter, ValidationError
from typing_extensions import override

from bot.models.rules import ruff_output
from bot.models.rules.analyzer import (
    Analyzer,
    Report,
    SourceFile,
    program,
    why_it_failed,
)
from bot.models.rules.batches import Failed, in_batches
from bot.models.rules.ruff_output import Diagnostic
from bot.models.rules.ruff_reasons import Reasons
from bot.models.rules.ruff_rules import IGNORE, SELECT
from core.review.reviewer import Read, unwatched
from core.sandbox import Command, Limits, Outcome, Sandbox

OPTIONS = (
    "check",
    # No configuration at all but what follows here: not the pull request's, not a
    # parent folder's, not the user's.
    "--isolated",
    "--no-cache",
    "--no-respect-gitignore",
    "--no-fix",
    "--exit-zero",
    "--quiet",
    "--output-format=json",
    # The newest Python: syntax is not called broken for being new.
    "--target-version=py314",
    f"--select={','.join(SELECT)}",
    f"--ignore={','.join(IGNORE)}",
)
LIMITS = Limits(cpu_seconds=60, wall_seconds=90, memory_bytes=2 << 30)
# Comments by which a file can silence ruff; without one, a second run is needless.
SILENCER = re.compile(rb"noqa|ruff\s*:", re.IGNORECASE)
DIAGNOSTICS = TypeAdapter(tuple[Diagnostic, ...])


class RuffAnalyzer(Analyzer):
    """Reads `.py`, `.pyi` and `.pyw`.

    Comments such as `# noqa` cannot hide a security rule: ruff runs once without
    heeding them and, where there are any, once heeding them. What only the first run
    found was silenced; if it is a security rule it is still said, one step milder and
    with a word on that, else it is dropped as its author decided.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._reasons = Reasons(sandbox)

    @property
    @override
    def name(self) -> str:
        return "ruff"

    @override
    def reads(self, path: str) -> bool:
        return PurePosixPath(path).suffix in {".py", ".pyi", ".pyw"}

    @override
    async def analyze(
        self, files: Sequence[SourceFile], read: Read = unwatched
    ) -> Report:
        return await in_batches(files, self._run, read)

    async def _run(self, files: Sequence[SourceFile]) -> Report | Failed:
        """Run over one batch, each file under a name of ours in a folder of its own.

        So no name in the pull request can be an option, a path that leads elsewhere,
        a folder that ruff skips, or a configuration file.
        """
        named = {_name(index, file.path): file for index, file in enumerate(files)}
        contents = {name: file.content for name, file in named.items()}
        outcomes = [await self._check(contents, "--ignore-noqa")]
        said = _read(outcomes[0])
        silencing = {
            name: content
            for name, content in contents.items()
            if SILENCER.search(content)
        }
        heeded: tuple[Diagnostic, ...] | None = ()
        if silencing and said is not None:
            outcomes.append(await self._check(silencing))
            heeded = _read(outcomes[1])
        cpu_seconds = sum(outcome.cpu_seconds for outcome in outcomes)
        peak = max(outcome.peak_memory_bytes for outcome in outcomes)
        if said is None or heeded is None:
            reason = why_it_failed("ruff", outcomes[-1])
            return Failed(
                reason=reason, cpu_seconds=cpu_seconds, peak_memory_bytes=peak
            )
        silenced = {one.place for one in said if one.name in silencing}
        silenced -= {one.place for one in heeded}
        remarks, unread = ruff_output.judge(
            said, named, silenced, await self._reasons.all() if said else {}
        )
        return Report(
            remarks=remarks,
            unread=unread,
            cpu_seconds=cpu_seconds,
            peak_memory_bytes=peak,
        )

    async def _check(self, contents: Mapping[str, bytes], *options: str) -> Outcome:
        command = Command(
            argv=(program("ruff"), *OPTIONS, *options, "--", "."),
            files=contents,
            # The sandbox counts threads; the default is one for each processor.
            environment={"RAYON_NUM_THREADS": "2"},
            limits=LIMITS,
        )
        return await self._sandbox.run(command)


def _name(index: int, path: str) -> str:
    """Return our name for a file; some rules look at its ending or at `__init__`."""
    pure = PurePosixPath(path)
    suffix = ".pyi" if pure.suffix == ".pyi" else ".py"
    stem = "__init__" if pure.stem == "__init__" else "module"
    return f"{index:05d}/{stem}{suffix}"


def _read(outcome: Outcome) -> tuple[Diagnostic, ...] | None:
    """Read ruff's answer; None when it did not give a whole one."""
    if outcome.exit_code != 0 or outcome.killed_by:
        return None
    try:
        return DIAGNOSTICS.validate_json(outcome.stdout)
    except ValidationError:
        return None

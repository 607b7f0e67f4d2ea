"""zizmor over changed workflows, actions and Dependabot files, offline."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from pydantic import TypeAdapter, ValidationError
from typing_extensions import override

from bot.models.rules import zizmor_output
from bot.models.rules.analyzer import (
    Analyzer,
    Report,
    SourceFile,
    program,
    why_it_failed,
)
from bot.models.rules.batches import Failed, in_batches
from bot.models.rules.zizmor_output import Audit
from core.review.reviewer import Read, unwatched
from core.sandbox import Command, Limits, Outcome, Sandbox

OPTIONS = (
    "--offline",
    # Neither a configuration file of the pull request's nor its comments count.
    "--no-config",
    "--no-ignores",
    # A file that it cannot parse is an error, not a warning to be overlooked.
    "--strict-collection",
    "--collect=all",
    "--format=json-v1",
    "--no-exit-codes",
    "--no-progress",
    "--color=never",
    "--quiet",
)
LIMITS = Limits(cpu_seconds=60, wall_seconds=90, memory_bytes=2 << 30)
AUDITS = TypeAdapter(tuple[Audit, ...])
REFUSED = b"failed to load"


class ZizmorAnalyzer(Analyzer):
    """Reads workflows, `action.yml` and `dependabot.yml`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @property
    @override
    def name(self) -> str:
        return "zizmor"

    @override
    def reads(self, path: str) -> bool:
        return _name(path) is not None

    @override
    async def analyze(
        self, files: Sequence[SourceFile], read: Read = unwatched
    ) -> Report:
        return await in_batches(files, self._run, read)

    async def _run(self, files: Sequence[SourceFile]) -> Report | Failed:
        """Run over one batch, each file under a name of ours in a folder of its own."""
        named = {
            f"{index:05d}/{_name(file.path)}": file for index, file in enumerate(files)
        }
        contents = {name: file.content for name, file in named.items()}
        outcome = await self._audit(contents)
        said = _read(outcome)
        if said is None:
            return Failed(
                reason=_reason(outcome),
                cpu_seconds=outcome.cpu_seconds,
                peak_memory_bytes=outcome.peak_memory_bytes,
            )
        return Report(
            remarks=tuple(zizmor_output.judge(said, named)),
            cpu_seconds=outcome.cpu_seconds,
            peak_memory_bytes=outcome.peak_memory_bytes,
        )

    async def _audit(self, contents: Mapping[str, bytes]) -> Outcome:
        command = Command(
            argv=(program("zizmor"), *OPTIONS, "--", *contents),
            files=contents,
            environment={"RAYON_NUM_THREADS": "2"},
            limits=LIMITS,
        )
        return await self._sandbox.run(command)


def _name(path: str) -> str | None:
    """Return the name by which zizmor knows this kind of file; None for all others."""
    pure = PurePosixPath(path)
    if pure.suffix not in {".yml", ".yaml"}:
        return None
    if pure.parent == PurePosixPath(".github/workflows"):
        return ".github/workflows/workflow.yml"
    if pure.stem == "action":
        return "action.yml"
    if pure.parent == PurePosixPath(".github") and pure.stem == "dependabot":
        return ".github/dependabot.yml"
    return None


def _read(outcome: Outcome) -> tuple[Audit, ...] | None:
    """Read zizmor's answer; None when it did not give a whole one."""
    if outcome.exit_code != 0 or outcome.killed_by:
        return None
    try:
        return AUDITS.validate_json(outcome.stdout)
    except ValidationError:
        return None


def _reason(outcome: Outcome) -> str:
    if outcome.killed_by is None and REFUSED in outcome.stderr:
        return "zizmor cannot parse it: not valid YAML, or not of the expected form"
    return why_it_failed("zizmor", outcome)

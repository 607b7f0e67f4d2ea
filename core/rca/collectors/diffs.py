"""What differs between each checkpoint of the run and the one before it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from typing_extensions import override

from core.checkpoints.chain import CheckpointView, checkpoints_of
from core.checkpoints.diff.answer import comparison_json
from core.checkpoints.diff.comparison import Comparison
from core.checkpoints.diff.markdown import comparison_markdown
from core.events.commit import Commit
from core.rca.collecting import Packer, Source, numbered
from core.rca.collectors.parts import Part
from core.rca.differing import lines
from core.rca.words import counted
from core.runs.compared_with import Placed


class DiffsCollector(Part):
    """Writes `diffs/NNNN-MMMM.{json,md}` where a checkpoint's state is another."""

    name = "diffs"

    def __init__(self, source: Source, packer: Packer) -> None:
        super().__init__(source, packer)
        self._count = 0
        self._last: CheckpointView | None = None

    @override
    async def page(self, commits: Sequence[Commit]) -> None:
        for view in checkpoints_of(commits):
            self._count += 1
            if view.digest in self.source.story.run.redacted:
                view = replace(view, redacted=True, state=None)  # noqa: PLW2901 # as it is now
            before, self._last = self._last, view
            if before is not None and before.digest != view.digest:
                await self._write(before, view)

    async def _write(self, before: CheckpointView, after: CheckpointView) -> None:
        run = self.source.story.run
        found = await self.source.comparing.between(
            Placed(run=run, view=before), Placed(run=run, view=after)
        )
        stem = f"diffs/{numbered(self._count - 1)}-{numbered(self._count)}"
        await self.packer.json(stem, comparison_json(found))
        member = await self.packer.text(stem, comparison_markdown(found), ".md")
        if found.meaning:
            title = f"{after.kind} {after.step}: {counted(found.meaning, 'change')}"
            await self.packer.fold(title, "\n".join(_lines(found)), member)


def _lines(found: Comparison) -> Iterator[str]:
    yield from lines(found.state.changes)
    for one in found.artifacts:
        if not one.noise:
            yield f"@@ {one.name}"
            yield from lines(one.changes)
            yield from one.text.splitlines()

"""The run's checkpoints, each with the state that it names."""

from collections.abc import Sequence

from typing_extensions import override

from core.checkpoints.chain import CheckpointView, checkpoints_of
from core.errors import BlobRedactedError
from core.events.base import JSON
from core.events.commit import Commit, shown
from core.rca.collecting import Packer, Source, numbered
from core.rca.collectors.parts import Part
from core.store.blobs import Digest


class CheckpointsCollector(Part):
    """Writes `checkpoints/NNNN.json`, in the order in which they were captured."""

    name = "checkpoints"

    def __init__(self, source: Source, packer: Packer) -> None:
        super().__init__(source, packer)
        self._count = 0

    @override
    async def page(self, commits: Sequence[Commit]) -> None:
        for view in checkpoints_of(commits):
            self._count += 1
            state, redacted = await self._state(view)
            if redacted:
                self.packer.erased(checkpoint=view.checkpoint_id)
            document = {
                "checkpoint_id": view.checkpoint_id,
                "kind": view.kind,
                "step": view.step,
                "seq": view.seq,
                "time": shown(view.time),
                "digest": view.digest,
                "parents": view.parents,
                "artifacts": dict(view.artifacts),
                "redacted": redacted,
                "state": state,
            }
            await self.packer.json(f"checkpoints/{numbered(self._count)}", document)

    async def _state(self, view: CheckpointView) -> tuple[JSON | None, bool]:
        """Return a checkpoint's state, and whether it was erased.

        A redaction stands later in the history than what it erases: the run knows it.
        """
        if view.redacted or view.digest in self.source.story.run.redacted:
            return None, True
        if view.state is not None:
            return view.state, False
        try:
            return await self.source.blobs.get_json(Digest(view.digest)), False
        except BlobRedactedError:
            return None, True

"""The large parts of the run's states, which these name by their digests."""

import json
from collections.abc import Sequence

from typing_extensions import override

from core.events.commit import Commit
from core.events.schema import CheckpointCaptured
from core.rca.collecting import Packer, Source
from core.rca.collectors.packed import kind_of
from core.rca.collectors.parts import Part, events_in
from core.rca.collectors.tries import blob

# The contents of the changed files: they are the repository's, and it has them.
LEFT_OUT = frozenset({"files"})


class ArtifactsCollector(Part):
    """Writes `artifacts/DIGEST.{json,txt,bin}`, each once.

    What is packed, such as a zip, may hide what no mask can reach: of it digest and
    size alone are told.
    """

    name = "artifacts"

    def __init__(self, source: Source, packer: Packer) -> None:
        super().__init__(source, packer)
        self._wanted: dict[str, str] = {}

    @override
    async def page(self, commits: Sequence[Commit]) -> None:
        for _, _, event in events_in(commits):
            if isinstance(event, CheckpointCaptured):
                for name, digest in event.artifacts.items():
                    if name not in LEFT_OUT and digest:
                        self._wanted.setdefault(digest, name)

    @override
    async def finish(self) -> None:
        for digest in sorted(self._wanted):
            data = await blob(self.source, self.packer, digest)
            if data is not None:
                await self._write(digest, data)

    async def _write(self, digest: str, data: bytes) -> None:
        stem = f"artifacts/{digest.removeprefix('sha256:')}"
        if kind := kind_of(data):
            told = {"left_out": kind, "sha256": digest, "size": len(data)}
            await self.packer.json(stem, told)
            return
        try:
            await self.packer.json(stem, json.loads(data))
        except ValueError:
            await self.packer.data(stem, data, _ending(data))


def _ending(data: bytes) -> str:
    try:
        data.decode()
    except UnicodeDecodeError:
        return ".bin"
    return ".txt"

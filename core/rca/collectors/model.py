"""What the reviewer was asked, and what it answered, as it came."""

import json
from collections.abc import Sequence
from typing import Any

from typing_extensions import override

from core.errors import BlobCorruptError
from core.events.commit import Commit
from core.events.schema import ModelCalled
from core.rca.collecting import Packer, Source, numbered
from core.rca.collectors.parts import Part, events_in
from core.rca.collectors.tries import blob


class ModelCollector(Part):
    """Writes `model/NNNN.json`: each call, with the question and the raw answer."""

    name = "model"

    def __init__(self, source: Source, packer: Packer) -> None:
        super().__init__(source, packer)
        self._count = 0

    @override
    async def page(self, commits: Sequence[Commit]) -> None:
        for _, commit, event in events_in(commits):
            if isinstance(event, ModelCalled):
                self._count += 1
                told = {
                    "seq": commit.seq,
                    "step": event.step,
                    "call": event.stored()["data"],
                    "record": await self._record(event.record),
                }
                await self.packer.json(f"model/{numbered(self._count)}", told)

    async def _record(self, digest: str | None) -> Any:
        if digest is None:
            return None
        data = await blob(self.source, self.packer, digest)
        try:
            return None if data is None else json.loads(data)
        except ValueError as error:
            raise BlobCorruptError(digest=digest, reason="it is no JSON") from error

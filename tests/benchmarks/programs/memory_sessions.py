"""Sessions of nofx on the embedded server in a folder, appended to and read on order.

Run with the folder and `encrypted`, `plain` (the same documents, not encrypted) or
`masked` (encrypted, and looked through for secrets first, as the service does).
"""

import asyncio
import sys
from pathlib import Path
from typing import cast

from typing_extensions import override

from bot.schema import SCHEMA
from core.clock import SystemClock
from core.events.base import JSON
from core.memory import service
from core.memory.envelope import NONCE, TAG, Sealer
from core.memory.model import Scope
from core.secrets import Masker, shared_finder
from core.store.database import connect
from core.store.embedded import EmbeddedServer
from core.store.migrate import migrate
from tests.benchmarks.programs.peers import talk, work
from tests.fakes.memory import message, remembering


class Plain(Sealer):
    """Leaves contents as they are, as long as encrypted ones would be."""

    __slots__ = ()

    @override
    def seal(self, plain: bytes, aad: bytes) -> bytes:
        return bytes(NONCE) + plain + bytes(TAG)

    @override
    def open(self, sealed: bytes, aad: bytes) -> bytes:
        return sealed[NONCE:-TAG]


async def main(folder: Path, kind: str) -> None:
    """Answer orders until there are no more."""
    if kind == "plain":
        vars(service)["Sealer"] = Plain
    finder = shared_finder()
    if kind == "masked":
        await asyncio.to_thread(finder.warm)
    masker = Masker(("a webhook secret, long enough",), finder=finder)
    server = EmbeddedServer(folder, clock=SystemClock())
    await server.open()
    database = connect(server.url, name=f"memory_{kind}", embedded=True)
    await migrate(database, SCHEMA)

    def mask(content: JSON) -> JSON:
        return cast("JSON", masker.mask_json(content)) if kind == "masked" else content

    here = await remembering(database, SystemClock(), mask=mask)
    sessions = [
        (await here.memory.of(Scope(kind="actor", actor=f"actor-{slot}"))).id
        for slot in range(talk.SLOTS + 1)
    ]
    for _ in range(talk.READ // 100):
        drafts = [message(talk.text()) for _ in range(100)]
        await here.memory.append(sessions[-1], drafts)
    work.answer(ready=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = talk.order(line)

        async def append(slot: int) -> None:
            await here.memory.append(sessions[slot], [message(talk.text())])

        async def read(_: int) -> None:
            assert len(await here.memory.read(sessions[-1])) == talk.READ

        does = {"append": append, "read": read}[order["do"]]
        work.answer(**await talk.measured(does, order["times"], order["slots"]))
        await here.memory.sealing.flush()
    await here.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))

"""The peer OpenAI Agents SDK: EncryptedSession over its SQLiteSession, on a file.

Run by the peers' own interpreter with the file's path. SQLite as it opens it: WAL and
synchronous=FULL, so that what is added is on the disk.
"""

import asyncio
import sys
from typing import Any

from agents import SQLiteSession
from agents.extensions.memory import EncryptedSession

from tests.benchmarks.programs.peers import talk, work

KEY = "a master key that is long enough"


def session(path: str, name: str) -> Any:
    """Return a session; what it holds lives for a day."""
    inner = SQLiteSession(name, path)
    return EncryptedSession(name, inner, encryption_key=KEY, ttl=86400)


def item() -> Any:
    """Return a message as the SDK stores it."""
    return {"role": "user", "content": talk.text()}


async def main(path: str) -> None:
    """Answer orders until there are no more."""
    sessions = [session(path, f"session-{slot}") for slot in range(talk.SLOTS + 1)]
    await sessions[-1].add_items([item() for _ in range(talk.READ)])

    async def append(slot: int) -> None:
        await sessions[slot].add_items([item()])

    async def read(_: int) -> None:
        assert len(await sessions[-1].get_items()) == talk.READ

    work.answer(ready=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = talk.order(line)
        does = {"append": append, "read": read}[order["do"]]
        work.answer(**await talk.measured(does, order["times"], order["slots"]))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

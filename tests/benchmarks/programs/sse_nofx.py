"""The bot's own streams: its API, its feeder, its journal, its embedded database.

Run as a program of its own with a data folder; it prints `{"port": …, "secret": …}`
once it listens, and then takes orders. An event counts as said once its commit is
durable.
"""

import asyncio
import sys
import time
from pathlib import Path

import typer
from aiohttp import web

from bot.api import site as api
from bot.base import Base, opened
from bot.logs import configure_logs
from bot.operations import operations_on
from bot.settings import load_settings
from core.access.tokens import Scope
from core.feed.feeder import Feeder
from core.feed.reader import FeedReader
from tests.benchmarks.programs.peers.streaming import open_files, orders, tell
from tests.fakes.histories import append


def main(data_dir: Path, most: int = 10_000) -> None:
    """Serve until killed."""
    open_files()
    asyncio.run(serve(data_dir, most))


async def serve(data_dir: Path, most: int) -> None:
    """Open what the bot stands on, and append what is ordered."""
    settings = load_settings(
        None,
        data_dir=data_dir,
        mongodb_url=None,
        streams=most,
        streams_per_token=most,
    )
    configure_logs(settings, sys.stderr)
    async with opened(settings, warm=False) as base:
        holder = base.ids.new("feeder")
        feeder = Feeder(base.database, holder=holder, clock=base.clock, bus=base.bus)
        feeding = asyncio.create_task(feeder.run())
        app = web.Application()
        api.add_routes(app, base, operations_on(base, None, model="rules"))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        issued = await base.tokens.create([Scope.READ])
        tell(port=runner.addresses[0][1], secret=issued.secret)
        await orders(Appending(base).say)
        feeder.stop()
        await feeding
        await runner.cleanup()


class Appending:
    """Appends events, each to a stream of its own."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._reader = FeedReader(base.database)
        self._positions: dict[str, int] = {}
        self._read = 0

    async def say(self, number: int) -> tuple[int, float]:
        """Append one event; returns its position, and when it was durable."""
        stream = f"x/{time.monotonic_ns()}-{number}"
        commit = await append(self._base.runs.journal, self._base.clock, stream, 1)
        said = time.monotonic()
        return await self._position(f"{commit.id}.0"), said

    async def _position(self, event: str) -> int:
        while event not in self._positions:
            for entry in await self._reader.after(self._read):
                self._positions[entry.id] = self._read = entry.position
            await asyncio.sleep(0.25)
        return self._positions[event]


if __name__ == "__main__":
    typer.run(main)

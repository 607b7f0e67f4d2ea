"""A process of the streams' fault tests: serves the API, and feeds when it may."""

import asyncio
import sys

from aiohttp import web

from bot.api import site
from bot.api.problems import speaking_http
from bot.base import opened
from bot.operations import operations_on
from bot.settings import load_settings
from core.feed.feeder import Feeder, Pace

PACE = Pace(lease=0.8, renew=0.2, longest=0.05)


async def main(url: str) -> None:
    """Serve until killed; prints the port once it listens."""
    async with opened(load_settings(None, mongodb_url=url), warm=False) as base:
        app = web.Application(middlewares=[speaking_http])
        site.add_routes(app, base, operations_on(base, None, model="rules"))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        holder = base.ids.new("feeder")
        feeder = Feeder(
            base.database, holder=holder, clock=base.clock, bus=base.bus, pace=PACE
        )
        sys.stdout.write(f"{runner.addresses[0][1]}\n")
        sys.stdout.flush()
        await feeder.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

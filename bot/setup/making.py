"""`nofx setup`: listens where the bot will, until the App is made."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import aiohttp
from aiohttp import web

from bot.app_file import FIELDS, AppFile
from bot.github.manifest import (
    ConvertedApp,
    convert,
    load_manifest,
    shipped_manifest,
    web_url,
)
from bot.lifetime import listening, told_to_stop
from bot.settings import Settings
from bot.setup.desk import SetupDesk
from bot.setup.page import Offer
from bot.setup.site import SetupSite
from bot.terminal import emit
from core.clock import SystemClock
from core.errors import SetupAddressError, SetupDoneError


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupWish:
    """Where to listen, and how the App is to be named and whose it is to be."""

    host: str
    port: int
    name: str | None = None
    organization: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A setup that can be opened at `link`; `made` ends with the App."""

    link: str
    made: asyncio.Future[ConvertedApp]
    file: AppFile


async def setup(settings: Settings, wish: SetupWish) -> None:
    """Wait for the App to be made, and say where its credentials are.

    Raises SetupDoneError, SetupAddressError, FileUnwritableError, AddressTakenError.
    """
    async with waiting(settings, wish) as stage:
        emit(f"Open this within the hour; it is for you alone:\n\n  {stage.link}\n\n")
        stopping = asyncio.create_task(told_to_stop())
        try:
            ended, _ = await asyncio.wait(
                (stage.made, stopping), return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            stopping.cancel()
        if stage.made not in ended:
            emit("No App was made.\n")
            return
    app = stage.made.result()
    emit(
        f"{app.slug} is made; its credentials are in {stage.file.path}.\n"
        f"Install it: {app.install_url}\nThen: nofx serve\n"
    )


@asynccontextmanager
async def waiting(settings: Settings, wish: SetupWish) -> AsyncIterator[Waiting]:
    """Listen for the body; what was under way is answered before it ends."""
    if FIELDS & settings.model_fields_set:
        raise SetupDoneError
    if settings.public_url is None:
        raise SetupAddressError
    clock = SystemClock()
    manifest = load_manifest(shipped_manifest())
    offer = Offer(
        web=web_url(settings.github_url),
        organization=wish.organization,
        manifest=manifest.payload(public_url=settings.public_url, name=wish.name),
    )
    desk, file = SetupDesk(clock), AppFile(settings.data_dir)
    file.take()
    try:
        async with aiohttp.ClientSession() as session:
            made = partial(
                convert, session=session, clock=clock, api_url=settings.github_url
            )
            site = SetupSite(offer, desk, convert=made, file=file)
            app = web.Application()
            site.add_routes(app)
            async with listening(app, wish.host, wish.port):
                link = f"{settings.public_url}/setup?key={desk.key}"
                yield Waiting(link=link, made=site.made, file=file)
    finally:
        file.let_go()

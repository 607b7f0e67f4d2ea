"""Runs the demo: starts everything, opens pull requests, shows what comes of it."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from io import TextIOWrapper
from pathlib import Path

from pydantic import SecretStr

from bot.app import running
from bot.demo.audience import Audience, Stage
from bot.demo.farewell import farewell
from bot.demo.github import DemoGitHub
from bot.demo.quiet import logging_to_file
from bot.demo.scenes import scenes
from bot.demo.wish import DemoWish
from bot.settings import Settings
from bot.terminal import console_for
from bot.webhooks import receiver
from core.clock import SystemClock

HOST = "127.0.0.1"
VISITOR = "alice"
WORKERS = 2
ENOUGH = "There was nothing to remark on, so here is a change where there is."


async def run(settings: Settings, wish: DemoWish) -> None:
    """Show a review from webhook to comments; without `once`, stay until Ctrl-C.

    Everything lies in a folder of its own that is gone afterwards. Of the settings only
    the reviewer and those of the log are used. Raises DemoFailedError, and what
    `scenes` raises.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        # What a terminal cannot show is spelled out instead of ending the demo.
        sys.stdout.reconfigure(errors="backslashreplace")
    with (
        _sigterm_as_ctrl_c(),
        logging_to_file(settings) as log,
        tempfile.TemporaryDirectory(prefix="nofx-demo-") as folder,
    ):
        await _show(settings, wish, Path(folder), log)


async def _show(settings: Settings, wish: DemoWish, folder: Path, log: Path) -> None:
    """Show one change after the other until one has line comments."""
    clock, console = SystemClock(), console_for(sys.stdout)
    began = clock.monotonic()
    # What is wrong with the wish is said before anything starts.
    changes = scenes(wish, folder)
    scene = await anext(changes)
    async with _set(settings, folder, log) as stage:
        audience = Audience(stage, console)
        stage.github.pages_by(audience.page)
        audience.say(f"Ready in {clock.monotonic() - began:.1f} s. Log: {log}", "dim")
        remarks = await audience.watch(scene)
        async for following in changes:
            if remarks:
                break
            audience.say(ENOUGH, "bold")
            scene, remarks = following, await audience.watch(following)
        audience.say(f"\nFrom start to review: {clock.monotonic() - began:.1f} s.")
        if wish.once:
            farewell(audience.say, stage, scene, stays=False)
            return

        async def stay() -> None:
            issued = await stage.bot.base.tokens.first()
            secret = issued.secret if issued is not None else ""
            farewell(audience.say, stage, scene, stays=True, secret=secret)
            await audience.stay()

        await _until_ctrl_c(stay())


@asynccontextmanager
async def _set(settings: Settings, folder: Path, log: Path) -> AsyncIterator[Stage]:
    """Start GitHub, the database and the bot, and introduce them to each other."""
    github = DemoGitHub(user=VISITOR)
    await github.start()
    try:
        own = _own(settings, folder / "data", github)
        async with running(own, host=HOST, port=0, workers=WORKERS) as bot:
            github.set_webhook_url(f"{bot.url}{receiver.PATH}")
            # The rules of the secret scanner take seconds to load; run and git go on.
            warming = asyncio.create_task(asyncio.to_thread(bot.base.finder.warm))
            try:
                yield Stage(github=github, bot=bot, visitor=VISITOR, log=log)
            finally:
                await warming
    finally:
        await github.close()


def _own(settings: Settings, data_dir: Path, github: DemoGitHub) -> Settings:
    """Return the settings for an App of the demo's own, on its GitHub and database."""
    app = github.register_app()
    own: dict[str, object] = {
        "mongodb_url": None,
        "data_dir": data_dir,
        "app_id": app.app_id,
        "private_key": SecretStr(app.private_key),
        "webhook_secrets": (SecretStr(app.webhook_secret),),
        "github_url": github.api_url,
        "public_url": None,
        "write_spacing_seconds": 0.0,
    }
    return settings.model_copy(update=own)


async def _until_ctrl_c(beside: Coroutine[None, None, None]) -> None:
    """Do something until Ctrl-C or SIGTERM, which is the way it ends."""
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(beside)
    loop.add_signal_handler(signal.SIGINT, task.cancel)
    try:
        await asyncio.wait([task])
        if not task.cancelled():
            await task
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        task.cancel()


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """Let SIGTERM end the demo as Ctrl-C does: everything is cleaned up."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, signal.raise_signal, signal.SIGINT)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)

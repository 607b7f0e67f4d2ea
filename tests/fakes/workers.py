"""Worker processes of the real program, to be started, waited for and killed."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from bot.settings import Settings

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def worker_process(
    settings: Settings, folder: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `nofx work` with these settings; it is killed when the test ends."""
    with _log_in(folder) as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "work"),
            cwd=folder,
            env=environment(settings),
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        await kill(process)


def _log_in(folder: Path) -> BinaryIO:
    folder.mkdir(exist_ok=True)
    return (folder / "worker.log").open("ab")


async def kill(process: asyncio.subprocess.Process) -> None:
    """Send SIGKILL and wait until the process is gone."""
    if process.returncode is None:
        process.send_signal(signal.SIGKILL)
    await process.wait()


def environment(settings: Settings) -> dict[str, str]:
    """Return the variables that give a process these settings."""
    assert settings.mongodb_url is not None
    assert settings.private_key is not None
    secrets = ",".join(one.get_secret_value() for one in settings.webhook_secrets)
    return {
        "PATH": os.defpath,
        "HOME": str(Path.home()),
        "PYTHONPATH": str(ROOT),
        "MONGODB_URL": settings.mongodb_url.get_secret_value(),
        "NOFX_APP_ID": str(settings.app_id),
        "NOFX_PRIVATE_KEY": settings.private_key.get_secret_value(),
        "NOFX_WEBHOOK_SECRETS": secrets,
        "NOFX_GITHUB_URL": settings.github_url,
        "NOFX_WRITE_SPACING_SECONDS": "0",
        "NOFX_LEASE_SECONDS": str(settings.lease_seconds),
        "NOFX_WATCH_QUEUE": str(settings.watch_queue),
        "NOFX_DRAIN_SECONDS": str(settings.drain_seconds),
        "NOFX_WORKERS": "1",
    }

"""Checks of this machine: programs, folders, names of variables, the sandbox."""

import asyncio
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bot.doctor.results import Finding, fail, ok, warn
from bot.pipeline.checkout import git_version
from bot.settings import Settings, misspelt
from core.sandbox.sandbox import Sandbox

SHORTEST_SECRET = 20
FEWEST_CHARACTERS = 8


async def check_names(environ: Mapping[str, str]) -> Finding:
    """Look for variables that nofx does not know, such as NOFX_WEBHOOK_SECRET."""
    strays = misspelt(environ)
    if not strays:
        return ok("Every NOFX_ variable is known.")
    words = [
        f"{name} (did you mean {nearest}?)" if nearest else name
        for name, nearest in strays.items()
    ]
    return warn(
        f"Not known, so without effect: {', '.join(words)}.",
        "Correct the name or unset the variable; the README lists all settings.",
    )


async def check_git(environ: Mapping[str, str]) -> Finding:
    """Look for git; GitMissingError when there is none."""
    return ok(f"{await git_version(environ)} is here.")


async def check_data_dir(settings: Settings) -> Finding:
    """Try to write into the data folder, or where it would be made."""
    folder = settings.data_dir.absolute()
    try:
        place = await asyncio.to_thread(_try_writing, folder)
    except OSError as error:
        return fail(
            f"{folder} cannot be written: {error.strerror or error}.",
            "Give NOFX_DATA_DIR a folder that this user may write to.",
        )
    if place != folder:
        return ok(f"{folder} will be made when it is needed.")
    return ok(f"{folder} can be written.")


async def check_webhook_secrets(settings: Settings) -> Finding:
    """Look whether the webhook's secrets are there and hard to guess."""
    mend = "Set NOFX_WEBHOOK_SECRETS to one from: openssl rand -hex 32"
    secrets = [secret.get_secret_value() for secret in settings.webhook_secrets]
    if not secrets:
        text = "No webhook secret is set, so no webhook can be accepted."
        return fail(text, mend) if settings.app_id is not None else warn(text, mend)
    weak = [
        place
        for place, secret in enumerate(secrets, start=1)
        if len(secret) < SHORTEST_SECRET or len(set(secret)) < FEWEST_CHARACTERS
    ]
    if weak:
        places = ", ".join(str(place) for place in weak)
        return warn(f"Easy to guess: secret number {places}.", mend)
    return ok(f"{len(secrets)} set, long enough.")


async def check_sandbox(sandbox: Sandbox) -> Finding:
    """Try which walls the analyzers' sandbox can build here."""
    if await sandbox.isolation() == "bubblewrap":
        return ok("Analyzers run in namespaces of their own, without a network.")
    return warn(
        "Analyzers run with limits and a clean environment, but not walled off.",
        "Install bubblewrap (bwrap) and allow user namespaces.",
    )


def _try_writing(folder: Path) -> Path:
    """Write and remove a file in the folder or its nearest parent; return which."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    handle, name = tempfile.mkstemp(prefix=".nofx-", dir=place)
    os.close(handle)
    Path(name).unlink()
    return place

"""`nofx rca download`: a bundle onto this disk, from a service or the database."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.rca.bundles import Url
from bot.cli.running import complain, run
from core.errors import OptionInvalidError, SettingsError

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from bot.base import Base
    from bot.cli.rca.downloading import Downloaded, Told
    from bot.cli.service import Service
    from bot.settings import Settings


def download(
    context: typer.Context,
    run_id: Annotated[str, typer.Argument(help="The run's id.", metavar="RUN")],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file or a folder.")
    ] = None,
    url: Url = None,
) -> None:
    """Download a run's bundle, made now if there is none; prints the file's name.

    A download that broke off goes on where it stopped. From a laptop, set NOFX_URL and
    NOFX_TOKEN (scope `operate`); where nofx runs, neither is needed. For example:

    ```
    nofx rca download run_01hxqg5t0kc8f2v7w3m9b4n6ry
    nofx rca download run_01hxqg5t0kc8f2v7w3m9b4n6ry --url https://nofx.example
    ```
    """
    from bot.plain import counted  # noqa: PLC0415  # light, and not needed for help

    done = fetched(context, run_id, output, url)
    if done.begun_at == done.size:
        complain("It was there already.")
    elif done.begun_at:
        complain(f"Went on behind {counted(done.begun_at, 'byte')}.")
    complain(f"SHA-256 {done.sha256}, {counted(done.size, 'byte')}.")
    typer.echo(str(done.path))


def fetched(
    context: typer.Context, run_id: str, output: Path | None, url: str | None
) -> "Downloaded":
    """Download from where the options and settings say."""

    async def fetch(service: "Service", settings: "Settings") -> "Downloaded":
        from bot.cli.rca.downloading import download as bring  # noqa: PLC0415  # heavy

        address = _address(url, settings)
        with _progress() as told:
            if address is None:
                return await service.on_base(
                    settings,
                    lambda base: _from_database(base, settings, run_id, output, told),
                )
            from bot.cli.rca.over_http import http_origin  # noqa: PLC0415  # as above

            token = settings.token
            if token is None:
                raise SettingsError(
                    problems="NOFX_TOKEN is missing: it should be a token of the"
                    " service, with the scope operate (`nofx token create`)."
                )
            async with http_origin(address, token.get_secret_value()) as origin:
                return await bring(origin, run_id, output, told=told)

    return run(context, fetch)


async def _from_database(
    base: "Base",
    settings: "Settings",
    run_id: str,
    output: Path | None,
    told: "Told",
) -> "Downloaded":
    from bot.cli.rca.downloading import download as bring  # noqa: PLC0415  # as above
    from bot.cli.rca.from_database import DatabaseOrigin  # noqa: PLC0415  # as above

    async with DatabaseOrigin.of(base, settings) as origin:
        return await bring(origin, run_id, output, told=told)


def _address(url: str | None, settings: "Settings") -> str | None:
    from bot.setting_values import safe_for_tokens  # noqa: PLC0415  # as above

    if url is None:
        return settings.url
    try:
        return safe_for_tokens(url)
    except ValueError as error:
        raise OptionInvalidError(option="--url", reason=str(error)) from None


@contextmanager
def _progress() -> "Iterator[Told]":
    """Show on a terminal how far it is, and nothing elsewhere."""
    from rich.progress import (  # noqa: PLC0415  # as above
        BarColumn,
        DownloadColumn,
        Progress,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    from bot.terminal import console_for  # noqa: PLC0415  # as above

    console = console_for(sys.stderr)
    if not console.is_terminal:
        yield lambda _done, _size: None
        return
    columns = (
        *(BarColumn(), DownloadColumn(), TransferSpeedColumn()),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, size: progress.update(task, completed=done, total=size)

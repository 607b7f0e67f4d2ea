"""`nofx blobs gc`: sweeps away what no run names any more."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.running import guarded, run, working
from bot.terminal import emit

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from bot.base import Base
    from core.store.garbage import Swept

blobs = typer.Typer(
    name="blobs", no_args_is_help=True, help="Look after what runs have stored."
)
UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
STEP = 1024


@blobs.callback()
def group() -> None:
    """Look after what runs have stored: states, diffs, files, reports."""


@blobs.command("gc")
@guarded
def collect_garbage(
    context: typer.Context,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what would go.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Delete what no run names and nobody has touched for a day; safe at any time.

    For example:

    ```
    nofx blobs gc --dry-run
    nofx blobs gc --json
    ```
    """
    with working("Looking for blobs that nothing names"):
        swept = run(
            context,
            lambda service, settings: service.on_base(
                settings, lambda base: _sweep(base, dry_run=dry_run)
            ),
        )
    if as_json:
        emit(json.dumps({**asdict(swept), "dry_run": dry_run}, indent=2) + "\n")
        return
    verb = "would go" if dry_run else "deleted"
    emit(f"{swept.deleted} {verb} ({_size(swept.bytes)}), {swept.kept} kept.\n")


async def _sweep(base: "Base", *, dry_run: bool) -> "Swept":
    from core.store.garbage import collect  # noqa: PLC0415  # help can spare it

    return await collect(base.database, base.clock, dry_run=dry_run)


def _size(count: int) -> str:
    """Return a number of bytes as people read it."""
    amount, unit = float(count), 0
    while amount >= STEP and unit < len(UNITS) - 1:
        amount, unit = amount / STEP, unit + 1
    return f"{amount:.1f} {UNITS[unit]}" if unit else f"{count} bytes"

"""`nofx rca show`: the report's first screen, or any other part of a bundle."""

import codecs
import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.rca.bundles import AsJson, Url, read
from bot.cli.rca.fetching import fetched
from bot.plain import visible
from core.errors import OptionsError

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from core.rca.archive import Archive

REPORT = "00-REPORT.md"
RUN = "run_"


def show(  # one argument an option
    context: typer.Context,
    bundle: Annotated[
        str, typer.Argument(help="A file, or a run's id.", metavar="BUNDLE|RUN")
    ],
    *,
    members: Annotated[bool, typer.Option("--list", help="What is in it.")] = False,
    member: Annotated[
        str | None, typer.Option("--member", help="Print one of them whole.")
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show why a run failed: outcome, probable cause, evidence, what to do.

    All of the bundle is checked before. For example:

    ```
    nofx rca show run_01hxqg5t0kc8f2v7w3m9b4n6ry
    nofx rca show rca-run_01hxqg5t0kc8f2v7w3m9b4n6ry-20261129T031500Z.tar.gz --list
    nofx rca show bundle.tar.gz --member events/events.ndjson
    ```
    """
    if sum((members, member is not None, as_json)) > 1:
        reason = "--list, --member and --json are three ways to show it."
        raise OptionsError(reason=reason, command="rca show")
    path = Path(bundle)
    if not bundle.startswith(RUN) or path.is_file():
        _show(path, bundle, members=members, member=member, as_json=as_json)
        return
    with tempfile.TemporaryDirectory(prefix="nofx-") as folder:
        done = fetched(context, bundle, Path(folder), url)
        _show(done.path, bundle, members=members, member=member, as_json=as_json)


def _show(
    path: Path, asked: str, *, members: bool, member: str | None, as_json: bool
) -> None:
    """Show a bundle; `asked` is what brings it again, for a run's file is gone."""
    from bot.cli.rca import words  # noqa: PLC0415  # help can spare rich

    archive = read(path, lambda name: name == REPORT)
    if members:
        words.print_members(archive)
    elif member is not None:
        _print_member(archive, member)
    elif as_json:
        words.emit_json(archive.manifest.model_dump(mode="json"))
    else:
        text = archive.content(REPORT).decode("utf-8", "replace")
        words.print_report(
            text, whole=f"nofx rca show {shlex.quote(asked)} --member {REPORT}"
        )


def _print_member(archive: "Archive", name: str) -> None:
    """Print bytes as they are to a pipe; to a terminal what commands nothing."""
    from core.rca.archive import copy_member  # noqa: PLC0415  # as above

    sys.stdout.flush()
    out = sys.stdout.buffer
    if not sys.stdout.isatty():
        copy_member(archive, name, out.write)
        out.flush()
        return
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    copy_member(
        archive, name, lambda data: out.write(visible(decoder.decode(data)).encode())
    )
    out.flush()

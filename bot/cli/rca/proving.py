"""`nofx rca verify|replay`: whether a bundle holds, and comes to the same verdict."""

from dataclasses import asdict

import typer

from bot.cli.exits import Exit
from bot.cli.rca.bundles import AsJson, Bundle, recorded


def verify(bundle: Bundle, *, as_json: AsJson = False) -> None:
    """Prove that a bundle is whole and was not changed; exit code 1 when a part fails.

    A file that was cut, was tampered with or is made to do harm is refused. Whether it
    is the one that the service made, its SHA-256 says. For example:

    ```
    nofx rca verify rca-run_01hxqg5t0kc8f2v7w3m9b4n6ry-20261129T031500Z.tar.gz
    ```
    """
    from bot.cli.rca import words  # noqa: PLC0415  # help can spare pydantic
    from core.rca.holding import held  # noqa: PLC0415  # as above

    found = recorded(bundle)
    proofs = held(found)
    if as_json:
        archive = found.archive
        facts = {
            "path": str(archive.path),
            "sha256": archive.sha256,
            "size": archive.size,
            "run_id": archive.manifest.run_id,
            "seq": archive.manifest.seq,
            "proofs": [asdict(one) for one in proofs],
        }
        words.emit_json(facts)
    else:
        words.print_proofs(found.archive, proofs)
    if any(one.holds is False for one in proofs):
        raise typer.Exit(Exit.FOUND)


def replay(bundle: Bundle, *, as_json: AsJson = False) -> None:
    """Decide again, from the bundle alone, what the run decided; 1 when it differs.

    Neither network nor database nor model is asked: what a model proposed and GitHub
    answered is taken as recorded, what code made of it is made again. For example:

    ```
    nofx rca replay rca-run_01hxqg5t0kc8f2v7w3m9b4n6ry-20261129T031500Z.tar.gz
    ```
    """
    from bot.cli.rca import words  # noqa: PLC0415  # as above
    from bot.replaying import replay as replaying  # noqa: PLC0415  # as above

    done = replaying.replay(recorded(bundle))
    if as_json:
        words.emit_json({**asdict(done), "same": done.same})
    else:
        words.print_replay(done)
    if not done.same:
        raise typer.Exit(Exit.FOUND)

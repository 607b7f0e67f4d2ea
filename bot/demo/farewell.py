"""Says where to look next, with commands that work as they stand."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from bot.demo.audience import Stage
from bot.demo.scenes import MADE, Scene
from bot.naming import PREFIX


def farewell(
    say: Callable[[str], None],
    stage: Stage,
    scene: Scene,
    *,
    stays: bool,
    secret: str = "",
) -> None:
    """Print what can be tried: on the demo while it stays up, and without it.

    `secret` is that of the demo's own API token.
    """
    hints: list[tuple[str, str]] = []
    if stays:
        shown = shlex.quote(f"Authorization: Bearer {secret}")
        page = stage.github.pull_url(scene.repository, 1)
        # Every command that reads the database works on the demo's as well.
        address = stage.bot.base.database.address
        database = f"MONGODB_URL='mongodb://{address}/?retryWrites=false'"
        rerun, why = (shlex.quote(f"{PREFIX} {verb}") for verb in ("rerun", "rca"))
        hints += [
            ("Look at its runs", f"{stage.bot.url}/center in a browser"),
            ("Sign in there with", secret),
            ("See the pull request", f"curl {page}"),
            ("Talk to nofx", f"curl -d {rerun} {page}"),
            ("The same for programs", f"curl -H {shown} {stage.bot.url}/runs"),
            (
                "Watch what happens",
                f"curl -N -H {shown} '{stage.bot.url}/events/stream?after=0'",
            ),
            ("The same, for reading", f"{database} {_program()} events tail -f"),
            ("Ask why it came out so", f"curl -d {why} {page}"),
            ("See its metrics", f"curl {stage.bot.url}/metrics"),
        ]
    if scene.repository != MADE:
        span = f"--base {scene.base[:12]} --head {scene.head[:12]}"
        where = (
            ""
            if scene.folder == Path.cwd()
            else f"--repo {shlex.quote(str(scene.folder))} "
        )
        hints.append(
            (
                "The same, posting nothing",
                f"{_program()} review --dry-run {where}{span}",
            )
        )
    hints += [
        ("Your own change", "make demo REPO=path BASE=main HEAD=feature"),
        ("With a language model", "see README.md on letting a model read the code"),
        ("Your own repositories", "see README.md on installing the App"),
    ]
    say("\nWhere to look next:")
    width = max(len(what) for what, _ in hints)
    for what, how in hints:
        say(f"  {what:<{width}}  {how}")
    if stays:
        say("\nComments and runs are shown here as they come. Ctrl-C ends the demo.")


def _program() -> str:
    """Return how this nofx is started from the current folder."""
    program = Path(sys.executable).with_name("nofx")
    if not program.exists():
        return "nofx"
    here = Path.cwd()
    return (
        str(program.relative_to(here)) if program.is_relative_to(here) else str(program)
    )

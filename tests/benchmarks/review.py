"""Measures a review, from the signed webhook to the comments on the pull request.

Run `python -m tests.benchmarks.review`; `--quick` for a rough look. The bot is the real
one, `nofx serve` with its embedded database; the simulated GitHub and a language model
that answers at once, over HTTP as a hosted one does, are a program of their own. Sizes
take turns, so that a busy machine slows all alike. Beside each review stands the floor:
the same requests to GitHub and the same questions, made again with nothing in between.
"""

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tests.benchmarks.programs.children import Child, child, free_port, listening
from tests.benchmarks.programs.machine import busy, cpu_seconds, peak_bytes
from tests.fakes.hosted_model import KEY

SECRET = "a long enough webhook secret"
MODEL = "openai:gpt-5-mini"
GRAPHQL = "POST /graphql"
# Files, and functions in them.
SIZES = ((1, 60), (50, 200), (300, 900))
LARGE = (3_000, 6_700)
CAPTION = """\
posted: from the webhook's first byte until the review stands; checked: until the check
run is completed. floor: the requests to GitHub made again, one after the other, and the
model's questions, four at once. CPU: what the bot and its children computed. REST: to
GitHub, of which 12 + files/100 is what we aim at; GraphQL is counted apart."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The bot, and the program that shows it GitHub and a model."""

    scene: Child
    bot: Child

    async def order(self, do: str, **what: int) -> Json:
        """Have people do something, and add what the bot computed meanwhile."""
        before = cpu_seconds([self.bot.pid])
        found = await self.scene.ask(do=do, **what)
        after = cpu_seconds([self.bot.pid])
        found["cpu"] = None if before is None or after is None else after - before
        return found


@dataclass(slots=True)
class Reviews:
    """What the reviews of one size took."""

    found: list[Json] = field(default_factory=list)
    floors: list[Json] = field(default_factory=list)

    def row(self, files: int) -> list[str]:
        """Return the table's cells."""
        posted = [float(one["posted"]) for one in self.found]
        cuts = quantiles(posted, n=100, method="inclusive")
        github = median(one["github"] for one in self.floors)
        model = median(one["model"] for one in self.floors)
        floor = github + model
        cpu = [one["cpu"] for one in self.found if one["cpu"] is not None]
        rest, graphql = zip(*(_counted(one) for one in self.found), strict=True)
        return [
            f"{files}",
            f"{cuts[49]:.2f}",
            f"{cuts[98]:.2f}",
            f"{median(one['checked'] for one in self.found):.2f}",
            f"{github:.2f} + {model:.2f}",
            f"{cuts[49] / floor:.1f}",
            f"{median(cpu):.2f}" if cpu else "",
            f"{max(rest)}",
            f"{12 + files / 100:.0f}",
            f"{max(graphql)}",
            f"{max(one['asked'] for one in self.found)}",
            f"{min(one['comments'] for one in self.found)}",
        ]


def main(
    rounds: Annotated[int, typer.Option(help="Interleaved rounds.")] = 15,
    *,
    large: Annotated[bool, typer.Option(help="The change of 3 000 files too.")] = True,
    quick: Annotated[bool, typer.Option("--quick", help="A rough look.")] = False,
) -> None:
    """Measure, and print the tables."""
    asyncio.run(measure(3 if quick else rounds, large=large))


async def measure(rounds: int, *, large: bool) -> None:
    """Run everything and print it."""
    console = Console(width=120)
    console.print(f"Before: {busy()}.")
    with tempfile.TemporaryDirectory(prefix="nofx-bench-") as folder:
        async with staged(Path(folder) / "usual") as stage:
            first = await stage.order("open", files=1, functions=60)
            console.print(*await sizes(stage, rounds))
            console.print(await again(stage))
            console.print(f"The bot's very first review, REST: {_rest(first)}.")
        if large:
            async with staged(Path(folder) / "large") as stage:
                console.print(await largest(stage))
    console.print(f"After: {busy()}. {rounds} interleaved rounds.")


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    """Start GitHub, the model and a bot with a database of its own."""
    await asyncio.to_thread(folder.mkdir)
    port, log = free_port(), folder / "scene.log"
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        hook = f"http://127.0.0.1:{port}/webhooks/github"
        program = "tests.benchmarks.programs.reviewed"
        scene = await enter(child(program, folder, SECRET, hook, log=log))
        app = await scene.hear()
        variables = {
            "PORT": str(port),
            "NOFX_DATA_DIR": str(folder / "data"),
            "NOFX_APP_ID": str(app["app_id"]),
            "NOFX_PRIVATE_KEY": app["private_key"],
            "NOFX_WEBHOOK_SECRETS": SECRET,
            "NOFX_GITHUB_URL": app["api_url"],
            "NOFX_WRITE_SPACING_SECONDS": "0",
            "NOFX_MODEL": MODEL,
            "NOFX_MODEL_URL": app["model_url"],
            "NOFX_OPENAI_KEY": KEY,
        }
        log = folder / "bot.log"
        bot = await enter(child("bot", "serve", log=log, variables=variables))
        await listening(port)
        yield Stage(scene=scene, bot=bot)


async def sizes(stage: Stage, rounds: int) -> tuple[Table, str]:
    """Measure pull requests of every size in turn."""
    found: defaultdict[int, Reviews] = defaultdict(Reviews)
    for _ in range(rounds):
        for files, functions in SIZES:
            one = await stage.order("open", files=files, functions=functions)
            found[files].found.append(one)
            found[files].floors.append(await stage.order("floor"))
    table = Table(title="From webhook to review of 30 comments: seconds, and requests")
    for head in (
        *("files", "posted p50", "p99", "checked p50", "floor: GitHub + model"),
        *("posted:floor", "CPU s", "REST", "aim", "GraphQL", "asked", "comments"),
    ):
        table.add_column(head, justify="right")
    for files, reviews in found.items():
        table.add_row(*reviews.row(files))
    made = "\n".join(
        f"{files} files: {_listed(reviews.found[-1]['requests'])}"
        for files, reviews in found.items()
    )
    return table, f"{CAPTION}\n{made}"


async def again(stage: Stage) -> Table:
    """Ask again for a review of fifty files: unchanged, then with one file changed."""
    files, functions = SIZES[1]
    table = Table(title="Fifty files, reviewed again")
    for head in ("", "model asked", "REST", "GraphQL", "checked s", "comments"):
        table.add_column(head, justify="right")
    for name, found in (
        ("at first", await stage.order("open", files=files, functions=functions)),
        ("nothing changed", await stage.order("rerun")),
        ("one file changed", await stage.order("touch")),
    ):
        rest, graphql = _counted(found)
        table.add_row(
            name,
            *(f"{found['asked']}", f"{rest}", f"{graphql}"),
            *(f"{found['checked']:.2f}", f"{found['comments']}"),
        )
    return table


async def largest(stage: Stage) -> Table:
    """Review a change that is larger than GitHub shows whole, and watch the memory."""
    files, functions = LARGE
    before = peak_bytes(stage.bot.pid)
    found = await stage.order("open", files=files, functions=functions)
    after = peak_bytes(stage.bot.pid)
    rest, graphql = _counted(found)
    table = Table(title=f"One change of {files:,} files", show_header=False)
    said = [line for line in found["said"].splitlines() if "overage" in line]
    for name, value in (
        ("checked, s", f"{found['checked']:.1f}"),
        ("conclusion", found["conclusion"]),
        ("said", " ".join(said)),
        ("comments", found["comments"]),
        ("model asked", found["asked"]),
        ("REST, GraphQL", f"{rest}, {graphql}"),
        ("CPU, s", _or_nothing(found["cpu"], 1)),
        ("bot's peak before, MB", _or_nothing(before, 1_000_000)),
        ("bot's peak after, MB", _or_nothing(after, 1_000_000)),
    ):
        table.add_row(name, str(value))
    return table


def _counted(found: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many REST and GraphQL requests there were."""
    return _rest(found), found["requests"].get(GRAPHQL, 0)


def _rest(found: Mapping[str, Any]) -> int:
    return sum(n for name, n in found["requests"].items() if name != GRAPHQL)


def _listed(requests: Mapping[str, int]) -> str:
    return ", ".join(
        name if times == 1 else f"{times} {name}" for name, times in requests.items()
    )


def _or_nothing(value: float | None, by: int) -> str:
    return "not told here" if value is None else f"{value / by:.1f}"


if __name__ == "__main__":
    typer.run(main)

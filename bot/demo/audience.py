"""Opens pull requests as their author, and tells the terminal what comes of them."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bot.app import Running
from bot.demo import printing
from bot.demo.github import DemoGitHub
from bot.demo.progress import board_for, follow
from bot.demo.scenes import Scene
from bot.pipeline.review_pipeline import STEPS
from bot.plain import one_line
from bot.simulator.answers import Json
from bot.terminal import plain_console
from core.errors import DemoFailedError
from core.runs.model import Run
from core.runs.states import Status

LOOK_SECONDS = 0.05
REST_SECONDS = 0.3
RUN_BEGINS_WITHIN = 30.0
RUN_ENDS_WITHIN = 300.0
ACCEPTED = 202


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the demo runs on: GitHub, the bot, and who visits."""

    github: DemoGitHub
    bot: Running
    visitor: str
    log: Path


class Audience:
    """Shows one pull request after the other on a console."""

    def __init__(self, stage: Stage, console: Console) -> None:
        self._stage = stage
        self._console = console
        self._github = stage.github
        self._base = stage.bot.base
        self._runs: dict[tuple[str, int], str] = {}
        self._heard: set[int] = set()

    def say(self, text: str, style: str = "") -> None:
        """Print a line, never folded, so that addresses can be copied."""
        self._console.print(Text(text, style=style), soft_wrap=True)

    async def watch(self, scene: Scene) -> int:
        """Open the pull request and show its review; return how many line comments.

        Raises DemoFailedError.
        """
        name, visitor = scene.repository, self._stage.visitor
        permissions = {visitor: "write"}
        self._github.add_repository(name, scene.folder, permissions=permissions)
        self._github.install(name)
        number = await self._github.open_pull(
            name,
            base=scene.base,
            head=scene.head,
            title=scene.title,
            body=scene.body,
            user=visitor,
        )
        url = self._github.pull_url(name, number)
        printing.print_heading(self._console, self._github.pull(name, number), url)
        sent = self._github.deliveries[-1]
        answer = f"{sent.status_code} in {sent.duration * 1000:.0f} ms"
        self.say(f"Signed webhook {sent.event}.opened: {answer}", "dim")
        if sent.status_code != ACCEPTED:
            raise self._failed(f"the webhook was answered with {sent.status_code}")
        run = await self._follow(name, number)
        if not (run.at_gate or run.status is Status.SUCCEEDED):
            raise self._failed(one_line(run.outcome) or f"the run {run.status}")
        self._print_review(self._console, name, number)
        self._unheard(self._github.issue_comments(name, number))
        return len(self._unheard(self._github.review_comments(name, number)))

    def page(self, repository: str, number: int) -> str:
        """Return the pull request as it stands, as text."""
        console = plain_console()
        with console.capture() as captured:
            url = self._github.pull_url(repository, number)
            pull = self._github.pull(repository, number)
            printing.print_heading(console, pull, url)
            self._print_review(console, repository, number)
        return captured.get()

    async def stay(self) -> None:
        """Show new runs and new comments until cancelled."""
        while True:
            for name, number in list(self._runs):
                await self._look(name, number)
            await self._base.clock.sleep(REST_SECONDS)

    async def _look(self, name: str, number: int) -> None:
        """Show what is new on one pull request."""
        talk = self._unheard(self._github.issue_comments(name, number))
        printing.print_talk(self._console, talk)
        remarks = self._unheard(self._github.review_comments(name, number))
        if remarks:
            printing.print_comments(self._console, remarks)
        run = await self._base.runs.current(name, number)
        if run is not None and run.id != self._runs[name, number]:
            run = await self._follow(name, number)
            words = f"Run {run.status}. {one_line(run.outcome)}"
            self.say(words.strip(), "bold")
            self._print_check(self._console, name, number)

    async def _follow(self, name: str, number: int) -> Run:
        """Show the steps of a pull request's newest run until it has ended."""
        runs, clock = self._base.runs, self._base.clock
        reason = f"no run was begun within {RUN_BEGINS_WITHIN:g} seconds"
        try:
            async with asyncio.timeout(RUN_BEGINS_WITHIN):
                while (run := await self._begun(name, number)) is None:
                    await clock.sleep(LOOK_SECONDS)
            self._runs[name, number] = run.id
            self.say(f"Run {run.id}", "dim")
            reason = f"it did not end within {RUN_ENDS_WITHIN:g} seconds"
            async with asyncio.timeout(RUN_ENDS_WITHIN):
                with board_for(self._console) as board:
                    return await follow(runs, run.id, STEPS, board, clock)
        except TimeoutError:
            raise self._failed(reason) from None

    async def _begun(self, name: str, number: int) -> Run | None:
        """Return a pull request's newest run once a worker has taken it."""
        run = await self._base.runs.current(name, number)
        return None if run is None or run.status is Status.QUEUED else run

    def _print_review(self, console: Console, name: str, number: int) -> None:
        """Print the line comments, the check run and the conversation."""
        printing.print_comments(console, self._github.review_comments(name, number))
        printing.print_talk(console, self._github.issue_comments(name, number))
        self._print_check(console, name, number)

    def _print_check(self, console: Console, name: str, number: int) -> None:
        """Print the newest check run on a pull request's head, if there is one yet."""
        sha = self._github.pull(name, number)["head"]["sha"]
        for check in self._github.check_runs(name, sha)[-1:]:
            printing.print_check(console, check)

    def _unheard(self, comments: list[Json]) -> list[Json]:
        """Return the comments that were not shown yet, and count them as shown."""
        fresh = [one for one in comments if one["id"] not in self._heard]
        self._heard |= {one["id"] for one in fresh}
        return fresh

    def _failed(self, reason: str) -> DemoFailedError:
        return DemoFailedError(reason=reason, log=self._stage.log)

"""A run's steps as its journal tells them, and the two ways to show them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text
from typing_extensions import override

from bot.plain import one_line
from core.clock import Clock
from core.events.base import Payload
from core.events.schema import StepFinished, StepRetried, StepStarted
from core.runs.evolve import fold
from core.runs.model import Run, stream_of
from core.runs.service import Runs

LOOK_SECONDS = 0.05
UNTOLD = ("pending", "running")
STYLES = {"succeeded": "green", "failed": "bold red", "held": "bold yellow"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step as it stands: `words` say what came of it, `seconds` how long."""

    name: str
    state: str = "pending"
    words: str = ""
    seconds: float = 0.0


def told(views: Sequence[StepView], event: Payload) -> tuple[StepView, ...]:
    """Return the steps after one event of the run."""
    match event:
        case StepStarted(subject=name, to=state):
            fresh = StepView(name=name, state=state)
        case StepRetried(subject=name, to=state, error=error, transition=how):
            shown = "held" if how == "hold" else state
            fresh = StepView(name=name, state=shown, words=error)
        case StepFinished(subject=name, to=state, summary=summary, error=error):
            fresh = StepView(
                name=name,
                state=state,
                words=summary or error or "",
                seconds=event.seconds,
            )
        case _:
            return tuple(views)
    return tuple(fresh if view.name == name else view for view in views)


class Board(ABC):
    """Where the steps are shown while they happen."""

    def __enter__(self) -> Self:
        """Begin to show."""
        return self

    def __exit__(self, *_: object) -> None:  # noqa: B027  # a board may have no end
        """Leave what is shown as it stands."""

    @abstractmethod
    def show(self, views: Sequence[StepView]) -> None:
        """Show the steps as they stand now."""


async def follow(
    runs: Runs, run_id: str, names: Sequence[str], board: Board, clock: Clock
) -> Run:
    """Show a run's steps until it has ended or a gate holds it; return the run."""
    while True:
        commits = await runs.journal.read(stream_of(run_id))
        views = tuple(StepView(name=name) for name in names)
        for commit in commits:
            for event in commit.events:
                views = told(views, event)
        board.show(views)
        run = fold(run_id, commits)
        if run.terminal or run.at_gate:
            return run
        await clock.sleep(LOOK_SECONDS)


def board_for(console: Console) -> Board:
    """Return a live table on a terminal, and a line a step elsewhere."""
    return LiveBoard(console) if console.is_terminal else PlainBoard(console)


class LiveBoard(Board):
    """A table that is drawn again while the steps move."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=12)
        # Plain ASCII, so that any terminal can show it.
        self._spinner = Spinner("line", style="bold")

    @override
    def __enter__(self) -> Self:
        self._live.start()
        return self

    @override
    def __exit__(self, *_: object) -> None:
        self._live.stop()

    @override
    def show(self, views: Sequence[StepView]) -> None:
        table = Table.grid(padding=(0, 1))
        for view in views:
            turning = view.state == "running"
            table.add_row(
                self._spinner if turning else " ",
                Text(view.name, style="bold" if turning else ""),
                Text(view.state, style=STYLES.get(view.state, "dim")),
                Text(_seconds(view), style="dim", justify="right"),
                Text(one_line(view.words)),
            )
        self._live.update(table)


class PlainBoard(Board):
    """One line for each step once it has come to something, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: dict[str, StepView] = {}

    @override
    def show(self, views: Sequence[StepView]) -> None:
        for view in views:
            if view.state not in UNTOLD and view != self._shown.get(view.name):
                parts = (view.name, view.state, _seconds(view), one_line(view.words))
                line = "  " + " ".join(part for part in parts if part)
                self._console.print(Text(line), soft_wrap=True)
            self._shown[view.name] = view


def _seconds(view: StepView) -> str:
    """Return how long a step took, once that is known."""
    return f"{view.seconds:.2f} s" if view.seconds else ""

"""What stands behind the command line in a test: it remembers and answers."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel
from typing_extensions import override

from bot.api.question import Question
from bot.base import Base, opened
from bot.cli.service import Service
from bot.demo.wish import DemoWish
from bot.doctor.results import CheckResult
from bot.evaluating.evaluation import Evaluation
from bot.pipeline.changes import LocalChange
from bot.settings import Settings
from bot.setup.making import SetupWish
from core.review.evaluation.scores import Scored
from core.review.report import ReviewReport
from tests.fakes.reports import a_report

T = TypeVar("T")


@dataclass(kw_only=True)
class FakeService(Service):
    """Answers each command with the given value, or raises the given error."""

    report: ReviewReport = field(default_factory=a_report)
    results: tuple[CheckResult, ...] = ()
    changes: tuple[str, ...] = ()
    answer: BaseModel | None = None
    error: BaseException | None = None
    calls: list[tuple[object, ...]] = field(default_factory=list)
    change: LocalChange | None = None
    settings: Settings | None = None

    @override
    async def serve(
        self, settings: Settings, *, host: str, port: int, workers: int
    ) -> None:
        self._note(settings, "serve", host, port, workers)

    @override
    async def work(self, settings: Settings) -> None:
        self._note(settings, "work")

    @override
    async def setup(self, settings: Settings, wish: SetupWish) -> None:
        self._note(settings, "setup", wish)

    @override
    async def migrate(self, settings: Settings, *, rebuild: bool) -> Sequence[str]:
        self._note(settings, "migrate", rebuild)
        return self.changes

    @override
    async def demo(self, settings: Settings, wish: DemoWish) -> None:
        self._note(settings, "demo", wish)

    @override
    async def doctor(self, settings: Settings, *, ask: bool) -> Sequence[CheckResult]:
        self._note(settings, "doctor")
        return self.results

    @override
    async def review(self, settings: Settings, change: LocalChange) -> ReviewReport:
        self._note(settings, "review")
        self.change = change
        return self.report

    @override
    async def evaluate(
        self, settings: Settings, wish: Evaluation
    ) -> Mapping[str, Sequence[Scored]]:
        self._note(settings, "evaluate", wish)
        return {}

    @override
    async def on_base(
        self,
        settings: Settings,
        call: Callable[[Base], Coroutine[object, object, T]],
    ) -> T:
        self._note(settings, "on_base")
        async with opened(settings) as base:
            return await call(base)

    @override
    async def ask(self, settings: Settings, question: Question) -> BaseModel:
        self._note(settings, "ask", question)
        assert self.answer is not None, "a test that asks says what is answered"
        return self.answer

    def _note(self, settings: Settings, *call: object) -> None:
        self.settings = settings
        self.calls.append(call)
        if self.error is not None:
            raise self.error

"""What the commands ask of the rest of nofx, loaded when it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from typing_extensions import override

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from pydantic import BaseModel

    from bot.api.question import Question
    from bot.base import Base
    from bot.demo.wish import DemoWish
    from bot.doctor.results import CheckResult
    from bot.evaluating.evaluation import Evaluation
    from bot.pipeline.changes import LocalChange
    from bot.settings import Settings
    from bot.setup.making import SetupWish
    from core.review.evaluation.scores import Scored
    from core.review.report import ReviewReport

T = TypeVar("T")


class Service(Protocol):
    """One call a command; each raises NofxError when it cannot be done."""

    async def serve(
        self, settings: Settings, *, host: str, port: int, workers: int
    ) -> None:
        """Answer webhooks, and work on runs beside it, until stopped."""
        ...

    async def work(self, settings: Settings) -> None:
        """Work on runs until stopped."""
        ...

    async def setup(self, settings: Settings, wish: SetupWish) -> None:
        """Have the App made at GitHub."""
        ...

    async def migrate(self, settings: Settings, *, rebuild: bool) -> Sequence[str]:
        """Bring the database up to date; returns one sentence a change."""
        ...

    async def demo(self, settings: Settings, wish: DemoWish) -> None:
        """Show a review from webhook to comments on this machine."""
        ...

    async def doctor(self, settings: Settings, *, ask: bool) -> Sequence[CheckResult]:
        """Check everything that nofx needs; `ask` asks the model, too."""
        ...

    async def review(self, settings: Settings, change: LocalChange) -> ReviewReport:
        """Review a change and post nothing."""
        ...

    async def evaluate(
        self, settings: Settings, wish: Evaluation
    ) -> Mapping[str, Sequence[Scored]]:
        """Let models review cases, and score what they say."""
        ...

    async def on_base(
        self,
        settings: Settings,
        call: Callable[[Base], Coroutine[object, object, T]],
    ) -> T:
        """Call something on the database and what stands on it, without the API."""
        ...

    async def ask(self, settings: Settings, question: Question) -> BaseModel:
        """Answer what the API would answer, straight from the database."""
        ...


class Installed(Service):
    """The nofx that is installed here."""

    @override
    async def serve(
        self, settings: Settings, *, host: str, port: int, workers: int
    ) -> None:
        from bot import app  # noqa: PLC0415  # help must not wait for the server

        await app.serve(settings, host=host, port=port, workers=workers)

    @override
    async def work(self, settings: Settings) -> None:
        from bot import app  # noqa: PLC0415  # as above

        await app.work(settings)

    @override
    async def setup(self, settings: Settings, wish: SetupWish) -> None:
        from bot.setup import making  # noqa: PLC0415  # as above

        await making.setup(settings, wish)

    @override
    async def migrate(self, settings: Settings, *, rebuild: bool) -> Sequence[str]:
        from bot import app  # noqa: PLC0415  # as above

        return await app.migrate(settings, rebuild=rebuild)

    @override
    async def demo(self, settings: Settings, wish: DemoWish) -> None:
        from bot.demo import stage  # noqa: PLC0415  # as above

        await stage.run(settings, wish)

    @override
    async def doctor(self, settings: Settings, *, ask: bool) -> Sequence[CheckResult]:
        from bot.app import SCHEMA  # noqa: PLC0415  # as above
        from bot.doctor.examine import examine  # noqa: PLC0415  # as above
        from bot.settings import environment  # noqa: PLC0415  # as above
        from core.clock import SystemClock  # noqa: PLC0415  # as above

        return await examine(
            settings,
            schema=SCHEMA,
            environ=environment(),
            clock=SystemClock(),
            ask=ask,
        )

    @override
    async def review(self, settings: Settings, change: LocalChange) -> ReviewReport:
        from bot.dry_run import review  # noqa: PLC0415  # as above

        return await review(settings, change)

    @override
    async def evaluate(
        self, settings: Settings, wish: Evaluation
    ) -> Mapping[str, Sequence[Scored]]:
        from bot.evaluating.evaluation import evaluate  # noqa: PLC0415  # as above

        return await evaluate(settings, wish)

    @override
    async def on_base(
        self,
        settings: Settings,
        call: Callable[[Base], Coroutine[object, object, T]],
    ) -> T:
        from bot.base import opened  # noqa: PLC0415  # as above

        async with opened(settings, warm=False) as base:
            return await call(base)

    @override
    async def ask(self, settings: Settings, question: Question) -> BaseModel:
        from bot import app  # noqa: PLC0415  # as above

        return await app.ask(settings, question)

"""What each event brings about: one match, event to one service call."""

from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.reviews import Answer, Reviews, Wish
from bot.webhooks.delivery import Delivery
from bot.webhooks.event_types import (
    CheckEvent,
    CheckRunActionRequested,
    CommentEvent,
    Event,
    InstallationChanged,
    InstallationRepositoriesChanged,
    Ping,
    PullRequestClosed,
    PullRequestEvent,
    PullRequestLabeled,
    PullRequestRebased,
    PullRequestSynchronized,
    ThreadEvent,
)
from bot.webhooks.events import parse_event
from bot.webhooks.outcome import Done, Ignored, Outcome
from bot.webhooks.threads import Threads

RERUN = "rerun"
log = structlog.get_logger()


class Commands(Protocol):
    """Answers the commands in comments."""

    async def handle(self, event: CommentEvent, *, tries: int) -> Outcome:
        """Do what the comment asks; `tries` counts how often it was tried."""
        ...


class Labels(Protocol):
    """Does what a label asks for."""

    async def handle(self, event: PullRequestLabeled, request_id: str) -> Outcome:
        """Do it; the same one again changes nothing."""
        ...


class Buttons(Protocol):
    """Does what the check run's own buttons ask."""

    async def pressed(
        self, event: CheckRunActionRequested, *, name: str, tries: int
    ) -> Outcome:
        """Do it; `name` is the press's own, `tries` counts how often it was tried."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """Handles deliveries one at a time; the same one again changes nothing."""

    reviews: Reviews
    commands: Commands
    labels: Labels
    buttons: Buttons
    threads: Threads
    app_id: int

    async def handle(self, delivery: Delivery) -> Outcome:
        """Parse the delivery and do what it asks."""
        event = parse_event(delivery.event, delivery.payload(), app_id=self.app_id)
        if isinstance(event, Ignored):
            return event
        return await self._act(event, delivery)

    async def _act(self, event: Event, delivery: Delivery) -> Outcome:
        match event:
            case PullRequestEvent():
                return await self._pull_request(event, delivery)
            case CheckEvent():
                return await self._check(event, delivery)
            case CommentEvent():
                return await self.commands.handle(event, tries=delivery.attempts)
            case ThreadEvent():
                return await self.threads.settled(event)
            case InstallationChanged() | InstallationRepositoriesChanged() | Ping():
                log.info("github.said", github_event=type(event).__name__)
                return Done()

    async def _pull_request(
        self, event: PullRequestEvent, delivery: Delivery
    ) -> Outcome:
        match event:
            case PullRequestClosed():
                return await self._closed(event)
            case PullRequestLabeled():
                return await self.labels.handle(event, delivery.guid)
            case PullRequestRebased():
                return await self._changed(event, delivery, "base changed", again=True)
            case PullRequestSynchronized():
                return await self._changed(event, delivery, "push")
            case _:
                return await self._changed(event, delivery, "opened")

    async def _check(self, event: CheckEvent, delivery: Delivery) -> Outcome:
        if isinstance(event, CheckRunActionRequested) and event.identifier != RERUN:
            return await self.buttons.pressed(
                event, name=delivery.guid, tries=delivery.attempts
            )
        return await self._rerun(event, delivery)

    async def _changed(
        self,
        event: PullRequestEvent,
        delivery: Delivery,
        reason: str,
        *,
        again: bool = False,
    ) -> Outcome:
        wish = Wish(
            repository=event.repository,
            number=event.number,
            installation_id=event.installation_id,
            request_id=delivery.guid,
            reason=reason,
            requested_by=event.sender,
            again=again,
        )
        return _outcome(await self.reviews.request(wish))

    async def _closed(self, event: PullRequestClosed) -> Outcome:
        await self.reviews.cancel(
            event.repository,
            event.number,
            actor=event.sender,
            reason="the pull request was closed",
        )
        return Done()

    async def _rerun(self, event: CheckEvent, delivery: Delivery) -> Outcome:
        numbers = event.numbers or await self._numbers(event)
        if not numbers:
            return Ignored("no run of ours is on this head")
        for number in numbers:
            wish = Wish(
                repository=event.repository,
                number=number,
                installation_id=event.installation_id,
                request_id=f"{delivery.guid}/{number}",
                reason="rerun",
                requested_by=event.sender,
                again=True,
                drafts=True,
            )
            await self.reviews.request(wish)
        return Done()

    async def _numbers(self, event: CheckEvent) -> tuple[int, ...]:
        # GitHub names no pull requests on a head that came from a fork.
        runs = await self.reviews.runs.projection.of_head(
            event.repository, event.head_sha
        )
        return tuple(sorted({int(run["pull"]) for run in runs}))


def _outcome(answer: Answer) -> Outcome:
    return Done() if answer.run is not None else Ignored(answer.reason)

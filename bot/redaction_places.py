"""Every place beside memory to which remembered text may have come, put together."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from bot.base import Base
from bot.github.client import GitHubApp
from bot.github.redacting import Found, OwnWords
from bot.operations import Operations
from bot.webhooks.redacting import DeliveryCopies
from core.errors import (
    GitHubNotFoundError,
    GitHubRefusedError,
    PublisherMissingError,
)
from core.feed.redacting import FeedCopies
from core.rca.redacting import BundleCopies
from core.redaction.places import Derived, Order, Reached
from core.redaction.signing import Signer
from core.runs.model import Run
from core.runs.projection import RunProjection
from core.runs.pull_streams import run_ids
from core.runs.redacting import REASON, RunCopies
from core.runs.states import RUN
from core.runs.work_redacting import WorkCopies
from core.store.database import Document

ACTOR = "nofx"


class GitHubCopies:
    """The place `github`: what our App wrote on the pull request, and its check runs.

    Without the App's credentials there is something left, for a process that has them.
    What people wrote is theirs, and what GitHub keeps of an edited comment's earlier
    words only its author or an owner can delete there: `note` tells of both.
    """

    name = "github"

    def __init__(self, app: GitHubApp | None, projection: RunProjection) -> None:
        self._app = app
        self._projection = projection

    async def redact(self, order: Order) -> Reached:
        """Edit what holds a needle; raises UnavailableError while GitHub is away."""
        if order.repository is None:
            return Reached()
        if self._app is None:
            return Reached(left=str(PublisherMissingError()))
        runs = [
            found
            for one in await run_ids(self._projection, order)
            if (found := await self._projection.get(one)) is not None
        ]
        try:
            edited = await self._edited(self._app, order.repository, order, runs)
        except (GitHubNotFoundError, GitHubRefusedError) as error:
            return Reached(left=str(error))
        under_way = sum(one["status"] not in RUN.terminal for one in runs)
        left = f"{under_way} runs are still under way" if under_way else ""
        return Reached(changed=edited.edited, left=left, note=_note(edited))

    async def _edited(
        self, app: GitHubApp, repository: str, order: Order, runs: Iterable[Document]
    ) -> Found:
        listed = list(runs)
        identity = await app.identity()
        words = OwnWords(
            gh=app.installation(await app.installation_of(repository)),
            repository=repository,
            author=identity.bot_login,
            app_id=identity.id,
            needles=order.needles,
        )
        numbers = {int(one["pull"]) for one in listed} | {order.pull or 0}
        for number in sorted(numbers - {0}):
            await words.pull(number)
        await words.checks(sorted({str(one["head_sha"]) for one in listed}))
        return words.found


def derived_places(
    base: Base,
    *,
    signer: Signer,
    operations: Operations | None = None,
    app: GitHubApp | None = None,
) -> tuple[Derived, ...]:
    """Return the places, in the order in which one leads to the next.

    `operations` calls runs off so that it shows at GitHub; `app` is None in a process
    without the App's credentials, which leaves `github` to one that has them.
    """
    runs, database, clock = base.runs, base.database, base.clock
    call_off: Callable[[str], Awaitable[Run]] = partial(
        runs.cancel if operations is None else operations.cancel,
        actor=ACTOR,
        reason=REASON,
    )
    return (
        DeliveryCopies(database),
        RunCopies(
            database,
            runs,
            base.decisions,
            call_off=call_off,
            signer=signer,
            clock=clock,
        ),
        WorkCopies(database, runs.projection),
        FeedCopies(database, bus=base.bus, clock=clock),
        BundleCopies(base.bundles),
        GitHubCopies(app, runs.projection),
    )


def _note(found: Found) -> str:
    words = {
        "texts at GitHub hold it and are not ours to edit": found.theirs,
        "annotations hold it, and GitHub lets nobody edit one": found.annotations,
        "comments were edited; GitHub keeps what they said in their history": (
            found.edited
        ),
    }
    return "; ".join(f"{count} {what}" for what, count in words.items() if count)

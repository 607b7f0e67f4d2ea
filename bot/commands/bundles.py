"""What people ask in comments about why a review came out as it did."""

from dataclasses import dataclass

from bot import comments
from bot.commands import bundle_words
from bot.webhooks.event_types import CommentEvent
from core.errors import BundleBusyError, BundleFailedError
from core.rca.service import Rca
from core.runs.model import Run
from core.runs.service import Runs


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleCommands:
    """Builds the bundle of a pull request's last run; `site` is where it is read."""

    runs: Runs
    rca: Rca
    site: str | None

    async def explain(self, event: CommentEvent) -> str:
        """Return what `about` says of the pull request's last run."""
        run = await self.runs.current(event.repository, event.number)
        if run is None:
            return comments.status(None)
        return await self.about(run, actor=event.author)

    async def about(self, run: Run, *, actor: str) -> str:
        """Return the probable cause and a link, or that it takes longer.

        Asked again it builds nothing anew. Raises NotFoundError,
        StoreUnavailableError.
        """
        try:
            ensured = await self.rca.ensure(run.id, actor=actor)
        except BundleBusyError:
            return bundle_words.not_done(run)
        except BundleFailedError as error:
            if not error.facts["tries"]:  # nobody tried, for this process stops
                raise
            return comments.refused(error)
        return bundle_words.bundled(run, ensured.bundle, self.site)

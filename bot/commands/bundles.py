"""What people ask in comments about why a review came out as it did."""

from dataclasses import dataclass

from bot import comments
from bot.commands import bundle_words
from bot.webhooks.event_types import CommentEvent
from core.errors import BundleBusyError, BundleFailedError
from core.rca.service import Rca
from core.runs.service import Runs


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleCommands:
    """Builds the bundle of a pull request's last run; `site` is where it is read."""

    runs: Runs
    rca: Rca
    site: str | None

    async def explain(self, event: CommentEvent) -> str:
        """Return the probable cause and a link, or that it takes longer.

        Asked again it builds nothing anew. Raises NotFoundError,
        StoreUnavailableError.
        """
        run = await self.runs.current(event.repository, event.number)
        if run is None:
            return comments.status(None)
        try:
            ensured = await self.rca.ensure(run.id, actor=event.author)
        except BundleBusyError:
            return bundle_words.not_done(run)
        except BundleFailedError as error:
            if not error.facts["tries"]:  # nobody tried, for this process stops
                raise
            return comments.refused(error)
        return bundle_words.bundled(run, ensured.bundle, self.site)

"""Reads and moves the findings of pull requests; the journal is the truth."""

from collections.abc import Callable, Iterable, Sequence

import structlog

from core.clock import Clock
from core.errors import (
    ConcurrencyError,
    FindingNotFoundError,
    FindingUnclearError,
    StoreUnavailableError,
)
from core.events import schema
from core.events.base import Payload
from core.events.commit import Commit, Draft
from core.events.journal import Journal
from core.review.ledger.model import Entry, Ledger, fold, stream_of
from core.review.ledger.moves import moved
from core.review.ledger.rules import Seen, settle
from core.review.ledger.store import FindingStore
from core.store.database import Database, Document

TRIES = 20
Decide = Callable[[Ledger], Sequence[Payload]]
Word = type[
    schema.FindingDismissed
    | schema.FindingDisputed
    | schema.FindingWaived
    | schema.FindingAddressed
]
log = structlog.get_logger()


class Findings:
    """The ledgers; every method raises StoreUnavailableError."""

    def __init__(self, database: Database, journal: Journal, *, clock: Clock) -> None:
        self._store = FindingStore(database)
        self._journal = journal
        self._clock = clock

    async def of(self, repository: str, pull: int) -> Ledger:
        """Return the ledger of a pull request, empty when nothing was found yet."""
        commits = await self._journal.read(stream_of(repository, pull))
        return fold(repository, pull, commits)

    async def listed(self, repository: str, pull: int) -> list[Document]:
        """Return a pull request's findings as lists show them, oldest first."""
        return await self._store.of_pull(repository, pull)

    async def get(self, finding: str) -> Document:
        """Return one finding as lists show it; raises FindingNotFoundError."""
        found = await self._store.get(finding)
        if found is None:
            raise FindingNotFoundError(finding=finding)
        return found

    async def settle(self, repository: str, pull: int, seen: Seen) -> Ledger:
        """Tell the ledger what a review saw; asked again it tells nothing new."""
        return await self._tell(repository, pull, lambda known: settle(known, seen))

    async def say(
        self,
        repository: str,
        pull: int,
        word: str,
        kind: Word,
        *,
        actor: str,
        reason: str,
        check: Callable[[Entry], None] | None = None,
    ) -> Entry:
        """Record what a person says of the finding whose name begins with `word`.

        Said again by the same person, for the same reason, it changes nothing. `check`
        looks at the finding as it stands, and raises where nothing shall be done.
        Raises FindingNotFoundError, FindingUnclearError, IllegalTransitionError.
        """
        name = ""

        def decide(known: Ledger) -> Sequence[Payload]:
            nonlocal name
            entry = one_named(known, word)
            name = entry.fingerprint
            if check is not None:
                check(entry)
            if (entry.actor, entry.reason) == (actor, reason) and _is_at(entry, kind):
                return ()
            return (moved(kind, entry, actor=actor, reason=reason),)

        ledger = await self._tell(repository, pull, decide)
        return ledger.entries[name]

    async def note(self, repository: str, pull: int, decide: Decide) -> Ledger:
        """Tell the ledger what `decide` makes of it; nothing where it has no entry."""
        return await self._tell(repository, pull, decide)

    async def _tell(self, repository: str, pull: int, decide: Decide) -> Ledger:
        for _ in range(TRIES):
            known = await self.of(repository, pull)
            events = decide(known)
            if not events:
                await self._project(known)
                return known
            try:
                commit = await self._append(known, events)
            except ConcurrencyError:
                continue  # somebody told it something else meanwhile: look again
            told = known.after(events, seq=commit.seq, time=commit.time)
            await self._project(told)
            return told
        raise ConcurrencyError(stream=stream_of(repository, pull), seq=0)

    async def _append(self, known: Ledger, events: Iterable[Payload]) -> Commit:
        return await self._journal.append(
            Draft(
                stream=known.stream,
                seq=known.head_seq + 1,
                time=self._clock.now(),
                events=tuple(events),
                prev_hash=known.head_hash,
            )
        )

    async def _project(self, ledger: Ledger) -> None:
        """Bring the collection up to the ledger; it follows later if it is away now."""
        if not ledger.entries:
            return
        try:
            await self._store.save(ledger)
        except StoreUnavailableError as error:
            log.warning("findings.behind", stream=ledger.stream, reason=str(error))


def one_named(ledger: Ledger, word: str) -> Entry:
    """Return the one finding whose fingerprint begins with `word`.

    Raises FindingNotFoundError, FindingUnclearError.
    """
    found = ledger.named(word)
    if not found:
        raise FindingNotFoundError(finding=word)
    if len(found) > 1:
        raise FindingUnclearError(finding=word, count=len(found))
    return found[0]


def _is_at(entry: Entry, kind: Word) -> bool:
    return str(kind.model_fields["type"].default) == f"finding.{entry.state}"

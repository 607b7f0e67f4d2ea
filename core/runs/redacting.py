"""Takes texts out of runs: their events, checkpoints, blobs and logs."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from core.checkpoints.chain import CheckpointView, checkpoints_of
from core.clock import Clock
from core.errors import BlobNotFoundError, BlobRedactedError
from core.events.redacting import JournalRedaction
from core.memory.model import stream_of as session_stream
from core.redaction.blobs import BlobRedaction, Erased
from core.redaction.places import Order, Reached
from core.redaction.signing import Signer
from core.review.ledger.model import fold, place_of
from core.review.ledger.store import FindingStore
from core.runs.decisions import Decisions
from core.runs.left import left_stream
from core.runs.model import Run
from core.runs.pull_streams import Documents, PullStreams
from core.runs.queue import COLLECTION
from core.runs.service import Runs
from core.store.database import Database, translating
from core.store.digests import digests_in

REASON = "redacted"
# What the list of runs repeats of their events.
TEXTS = ("reason", "requested_by", "outcome")
CallOff = Callable[[str], Awaitable[Run]]


class RunCopies:
    """The place `runs`: all that the journal and the blobs have of a pull request.

    A run that is under way is called off, and gone through once it is over: nobody but
    a redaction writes into it then, for its holder's fence is behind. First go blobs,
    while everything still names them, then states, then the words of events; each step
    finds again what a crash left of it. `call_off` cancels a run by its id.
    """

    name = "runs"

    def __init__(
        self,
        database: Database,
        runs: Runs,
        decisions: Decisions,
        *,
        call_off: CallOff,
        signer: Signer,
        clock: Clock,
    ) -> None:
        self._list = database.db[COLLECTION]
        self._runs = runs
        self._findings = FindingStore(database)
        self._decisions = decisions
        self._call_off = call_off
        self._journal = JournalRedaction(database, signer=signer, clock=clock)
        self._blobs = BlobRedaction(database, signer=signer, clock=clock)
        self._streams = PullStreams(runs, self._journal)

    async def redact(self, order: Order) -> Reached:
        """Cut the needles out of it all; raises StoreUnavailableError."""
        runs = [await self._ended(run) for run in await self._streams.runs(order)]
        over = [run for run in runs if run.terminal]
        merges = await self._streams.merges(over)
        histories = [await self._journal.stream(run.stream) for run in over]
        pulls = await self._streams.pulls(order)
        findings = await self._streams.findings(order)
        told = [*histories, merges, pulls, findings]
        erased = await self._blobs.erase(_named(told), order)
        changed = erased.blobs
        for run in over:
            changed += await self._erase_states(run, order)
            for stream in (run.stream, left_stream(run.id)):
                history = await self._journal.stream(stream)
                changed += await self._journal.cut(history, order)
            changed += await self._cut_line(run.id, order)
        session = await self._journal.stream(session_stream(order.session_id))
        deliveries = await self._streams.deliveries(order)
        for documents in (merges, pulls, findings, session, deliveries):
            changed += await self._journal.cut(documents, order)
        changed += await self._list_findings({str(one["stream"]) for one in findings})
        return Reached(
            changed=changed,
            left=_left(len(runs) - len(over), erased.damaged),
            note=_note(erased),
        )

    async def _ended(self, run: Run) -> Run:
        return run if run.terminal else await self._call_off(run.id)

    async def _erase_states(self, run: Run, order: Order) -> int:
        count = 0
        for view in checkpoints_of(await self._runs.history(run.id)):
            if view.redacted or not await self._holds(view, order):
                continue
            await self._decisions.redact(
                run.id,
                view.checkpoint_id,
                actor=order.actor,
                reason=order.needles.cut(order.reason) or REASON,
            )
            count += 1
        # Who said that a state is erased may have died before it was.
        gone = checkpoints_of(await self._runs.history(run.id))
        for seq in {view.seq for view in gone if view.redacted}:
            count += await self._runs.journal.erase_state(run.stream, seq)
        return count

    async def _holds(self, view: CheckpointView, order: Order) -> bool:
        try:
            state = await self._runs.checkpoint_state(view)
        except BlobRedactedError:
            return True
        except BlobNotFoundError:
            return False
        return order.needles.are_in_json(state)

    async def _list_findings(self, streams: Iterable[str]) -> int:
        """Bring what lists show of findings up to what is left of their ledgers."""
        changed = 0
        for stream in sorted(streams):
            place = place_of(stream)
            ledger = fold(*place, await self._runs.journal.read(stream))
            changed += await self._findings.save(ledger)
        return changed

    async def _cut_line(self, run_id: str, order: Order) -> int:
        """Cut what the list of runs shows; it follows from the events."""
        with translating():
            found = await self._list.find_one({"_id": run_id}, dict.fromkeys(TEXTS, 1))
        count = 0
        for name in TEXTS:
            text = (found or {}).get(name)
            if not isinstance(text, str) or not order.needles.are_in(text):
                continue
            with translating():
                done = await self._list.update_one(
                    {"_id": run_id, name: text},
                    {"$set": {name: order.needles.cut(text)}},
                )
            count += int(done.modified_count)
        return count


def _named(streams: Sequence[Documents]) -> set[str]:
    told: list[Any] = [
        [one.get("state"), [event["data"] for event in one["events"]]]
        for documents in streams
        for one in documents
    ]
    return set(digests_in(told))


def _left(under_way: int, damaged: int) -> str:
    parts = []
    if under_way:
        parts.append(f"{under_way} runs are still under way")
    if damaged:
        parts.append(f"{damaged} blobs are damaged, so nobody knows what they hold")
    return "; ".join(parts)


def _note(erased: Erased) -> str:
    if not erased.shared:
        return ""
    return f"{erased.shared} pieces stay, for blobs of others are made of them too"

"""The collection `bundles`: which are there, and who builds one."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.clock import Clock
from core.rca.built import Built
from core.rca.kept import Bundle, State, id_of
from core.rca.parts import BundleParts
from core.rca.schema import BUNDLES
from core.store.database import Database, Document, DuplicateKeyError, translating

LEASE = timedelta(seconds=30)
# Of a run that goes on, so many versions are kept.
VERSIONS = 3
# What failed says so for as long.
FAILED_KEPT = timedelta(days=7)
MANY = 500
REVOKE: Document = {"$set": {"state": str(State.REVOKED)}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A version of a run that is to have a bundle."""

    run_id: str
    repository: str
    pull: int
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """How many bundles went, and how many somebody may still be writing to."""

    gone: int = 0
    held: int = 0


class BundleStore:
    """One row a run version: built once, whoever asks, in whatever process.

    A builder has the row for 30 seconds at a time; what a dead one leaves is taken over
    then. Each change names the build that it is about, so that one who was thought dead
    changes nothing. Every method raises StoreUnavailableError.
    """

    def __init__(self, database: Database, *, clock: Clock, days: int) -> None:
        self._bundles = database.db[BUNDLES]
        self._clock = clock
        self._kept = timedelta(days=days) if days else None
        self.parts = BundleParts(database, clock=clock)

    async def get(self, run_id: str, seq: int) -> Bundle | None:
        """Return what there is of a version."""
        with translating():
            found = await self._bundles.find_one({"_id": id_of(run_id, seq)})
        return Bundle.of(found) if found else None

    async def of_run(self, run_id: str) -> tuple[Bundle, ...]:
        """Return what there is of a run, its newest version first."""
        return await self._found({"run_id": run_id})

    async def latest(self, run_id: str, *, seq: int | None = None) -> Bundle | None:
        """Return the newest that can be read, or a version's; none that is due."""
        now = self._clock.now()
        for one in await self.of_run(run_id):
            due = one.purge_after is not None and one.purge_after <= now
            if one.is_built and not due and seq in (None, one.seq):
                return one
        return None

    async def begin(
        self,
        wanted: Wanted,
        *,
        attempt: str,
        holder: str,
        begun_at: datetime | None = None,
    ) -> Bundle | None:
        """Take a version to build it; None when it is built or another builds it.

        Whoever read before, under another version, says since when: `begun_at`.
        """
        now = self._clock.now()
        mine: Document = {
            "state": str(State.BUILDING),
            "attempt": attempt,
            "holder": holder,
            "begun_at": begun_at or now,
            "until": now + LEASE,
        }
        named = {
            "run_id": wanted.run_id,
            "repository": wanted.repository,
            "pull": wanted.pull,
            "seq": wanted.seq,
        }
        fresh = {"_id": id_of(wanted.run_id, wanted.seq), **named, **mine, "tries": 1}
        with translating():
            try:
                await self._bundles.insert_one(fresh)
            except DuplicateKeyError:
                return await self._take_over(wanted, mine)
        return Bundle.of(fresh)

    async def _take_over(self, wanted: Wanted, mine: Document) -> Bundle | None:
        found = await self.get(wanted.run_id, wanted.seq)
        if found is None or found.is_built or found.is_held(self._clock.now()):
            return None
        change: Document = {
            "$set": {**mine, "tries": found.tries + 1},
            "$unset": {"reason": "", "purge_after": ""},
        }
        if not await self._change(found, change):
            return None
        # Only now: one who was thought dead may have finished it in between.
        await self.parts.drop(found.attempt)
        return await self.get(wanted.run_id, wanted.seq)

    async def renew(self, bundle: Bundle) -> bool:
        """Hold it for another 30 seconds; False when it is not ours any more."""
        until = self._clock.now() + LEASE
        with translating():
            done = await self._bundles.update_one(
                _ours(bundle), {"$set": {"until": until}}
            )
        return bool(done.matched_count)

    async def leave(self, bundle: Bundle) -> bool:
        """Give a version up that the run has moved on from; its parts stay.

        False when it was not ours any more.
        """
        with translating():
            done = await self._bundles.delete_one(_ours(bundle))
        return bool(done.deleted_count)

    async def finish(self, bundle: Bundle, built: Built) -> Bundle | None:
        """Say that it is built; None, and its parts are gone, when it is not ours.

        The parts come first: what is built can be read for as long as it is there.
        """
        now = self._clock.now()
        purge_after = now + self._kept if self._kept else None
        await self.parts.keep(bundle.attempt, purge_after)
        made = {
            "state": str(State.BUILT),
            "name": built.name,
            "size": built.size,
            "sha256": built.sha256,
            "members": built.members,
            "cause": built.cause,
            "sentence": built.sentence,
            "confidence": built.confidence,
            "next_action": built.next_action,
            "errors": list(built.errors),
            "as_of": built.as_of,
            "built_at": now,
            **({"purge_after": purge_after} if purge_after else {}),
        }
        with translating():
            done = await self._bundles.update_one(_ours(bundle), {"$set": made})
        if not done.matched_count:
            await self.parts.drop(bundle.attempt)
            return None
        for old in (await self.of_run(bundle.run_id))[VERSIONS:]:
            if not old.is_held(now):
                await self.delete(old)
        return await self.get(bundle.run_id, bundle.seq)

    async def fail(self, bundle: Bundle, reason: str) -> None:
        """Say why it could not be built."""
        now = self._clock.now()
        change = {
            "state": str(State.FAILED),
            "reason": reason,
            "until": now,
            "purge_after": now + FAILED_KEPT,
        }
        with translating():
            await self._bundles.update_one(_ours(bundle), {"$set": change})
        await self.parts.drop(bundle.attempt)

    async def release(self, bundle: Bundle) -> None:
        """Let another build it at once, and let this try not count."""
        change = {"until": self._clock.now(), "tries": bundle.tries - 1}
        with translating():
            await self._bundles.update_one(_ours(bundle), {"$set": change})

    async def abandon(self, bundle: Bundle) -> None:
        """Say that nobody writes to one any more that was revoked while it was built.

        Else whoever revoked it waits for the end of its lease, in which a write of a
        builder that died or was cut short may still arrive.
        """
        mine = {**_ours(bundle), "state": str(State.REVOKED)}
        with translating():
            await self._bundles.update_one(mine, {"$set": {"until": self._clock.now()}})

    async def delete(self, bundle: Bundle) -> bool:
        """Delete it for good, parts first: a crash in between leaves a row to find.

        False when it is not as it was said to be any more.
        """
        if bundle.state is State.BUILDING:
            if not await self._change(bundle, REVOKE):
                return False
            bundle = replace(bundle, state=State.REVOKED)
        await self.parts.drop(bundle.attempt)
        with translating():
            done = await self._bundles.delete_one(_exactly(bundle))
        return bool(done.deleted_count)

    async def revoke(
        self, repository: str, *, before: datetime | None = None
    ) -> Revoked:
        """Delete a repository's bundles, but those that were begun after `before`.

        One that is being built is not to be: its builder finds that out at its next
        step, and until its lease is over there may come more parts of it.
        """
        told, held = Revoked(), set[str]()
        # A builder may go on under another version meanwhile: until there is none.
        while meant := [
            one
            for one in await self._found({"repository": repository})
            if one.id not in held and (before is None or one.begun_at <= before)
        ]:
            for one in meant:
                if not one.is_held(self._clock.now()):
                    told = replace(told, gone=told.gone + await self.delete(one))
                elif one.state is State.REVOKED:
                    await self.parts.drop(one.attempt)
                    held.add(one.id)
                elif await self._change(one, REVOKE):
                    told = replace(told, gone=told.gone + 1)
        return replace(told, held=len(held))

    async def sweep(self) -> int:
        """Delete what is due and what dead builders left; returns how many went."""
        now = self._clock.now()
        swept = 0
        with translating():
            due = await self._bundles.find({"purge_after": {"$lt": now}}).to_list(MANY)
        for state in (State.BUILDING, State.REVOKED):
            due += [
                one
                for one in await self._documents({"state": str(state)})
                if one["until"] < now - LEASE
            ]
        for one in due:
            swept += await self.delete(Bundle.of(one))
        return swept + await self.parts.sweep()

    async def _documents(self, query: Document) -> list[Document]:
        with translating():
            return await self._bundles.find(query).to_list(None)

    async def _found(self, query: Document) -> tuple[Bundle, ...]:
        found = [Bundle.of(one) for one in await self._documents(query)]
        return tuple(sorted(found, key=lambda one: one.seq, reverse=True))

    async def _change(self, bundle: Bundle, change: Document) -> bool:
        with translating():
            done = await self._bundles.update_one(_exactly(bundle), change)
        return bool(done.matched_count)


def _ours(bundle: Bundle) -> Document:
    return {
        "_id": bundle.id,
        "attempt": bundle.attempt,
        "state": str(State.BUILDING),
    }


def _exactly(bundle: Bundle) -> Document:
    return {"_id": bundle.id, "attempt": bundle.attempt, "state": str(bundle.state)}

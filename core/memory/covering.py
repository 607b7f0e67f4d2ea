"""Takes what must go out of one session: a marker first, then item by item.

The marker names what goes, and takes the place right behind all that was looked at. So
nothing that was read before can be written behind it unseen, and whoever comes after a
process that died finds in the marker what is still to be done.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from core.clock import Clock
from core.errors import SessionHeldError, SessionMovedError
from core.memory import redaction_rules as rules
from core.memory.documents import facts_from
from core.memory.model import JSON, Draft, Facts, Item, Kind, Session
from core.memory.opened import Opened
from core.memory.redaction_model import Purpose, Redaction, Secret
from core.memory.service import Memory
from core.redaction.needles import Needles
from core.store.database import Document

TRIES = 50
REDACTION, ERASES = "redaction", "erases"
# What of an item may stay; None when it goes whole.
Rest = Callable[[Item], JSON | None]


class CutContents(Protocol):
    """What keeps the contents that a session's snapshots name."""

    async def redact(self, opened: Opened, needles: Needles) -> int:
        """Cut the needles out of a session's contents; returns out of how many."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """A session as it was looked at: all its items, opened, and our markers in it."""

    opened: Opened
    items: tuple[Item, ...]
    markers: tuple[Facts, ...]

    @property
    def covered(self) -> frozenset[int]:
        """Return the items that our markers name."""
        return frozenset(seq for one in self.markers for seq in one.redacts)

    @property
    def erased(self) -> frozenset[int]:
        """Return those of them that go whole."""
        listed = (one.refs.get(ERASES, "").split(",") for one in self.markers)
        return frozenset(int(seq) for some in listed for seq in some if seq)


class Covering:
    """Every method raises what `Memory.read` raises."""

    def __init__(
        self, memory: Memory, *, clock: Clock, contents: CutContents | None = None
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._contents = contents

    async def look(self, session: Session, redaction_id: str) -> Seen:
        """Return all that a session holds, also what has expired."""
        opened = await self._memory.reopened(session)
        stored = await self._memory.stored(opened, 1, None)
        markers = await self._memory.marks.all(opened) if opened.epoch else ()
        ours = [one for one in markers if one.refs.get(REDACTION) == redaction_id]
        items = tuple(map(opened.open, stored))
        return Seen(opened, items, tuple(ours))

    def plan(
        self,
        seen: Seen,
        target: rules.Target | None,
        secret: Secret,
        purpose: Purpose,
    ) -> tuple[rules.Plan, Secret]:
        """Return what must still change, and what is secret then.

        What our markers name counts as changed. What is forgotten goes with what
        summarises it, and only what is redacted is looked for elsewhere. Raises
        RedactionTargetError for a target that names what is not there.
        """
        left = [one for one in seen.items if one.seq not in seen.covered]
        plan = rules.named(target, left) if target is not None else rules.NOTHING
        if purpose == "compacted":
            return plan, secret
        if purpose == "redacted":
            texts = tuple(dict.fromkeys((*secret.texts, *plan.texts)))
            secret = replace(secret, texts=texts)
        # The mark does not matter for what is found.
        return rules.spread(plan, left, Needles(secret.texts, "")), secret

    async def mark(
        self, seen: Seen, plan: rules.Plan, redaction: Redaction
    ) -> Seen | None:
        """Append the marker; None when the session has gone on since it was seen."""
        erases = ",".join(map(str, sorted(plan.erased)))
        draft = Draft(
            kind=Kind.MARKER,
            content={},
            author=redaction.actor,
            redacts=plan.seqs,
            refs={REDACTION: redaction.id, ERASES: erases},
        )
        opened = seen.opened
        documents, after = opened.sealed(
            [draft], self._clock.now(), epoch=opened.epoch + 1
        )
        if not await self._memory.store.insert(documents):
            self._memory.forget(opened.session.id)
            return None
        self._memory.keep(after)
        self._memory.sealing.appended(after, documents)
        return Seen(after, seen.items, (*seen.markers, *map(facts_from, documents)))

    async def cover(
        self, session: Session, redaction: Redaction, secret: Secret
    ) -> int:
        """Cut and erase until nothing is left in a session; returns in how many things.

        What the target names has its marker already. Raises SessionHeldError.
        """
        for _ in range(TRIES):
            seen = await self.look(session, redaction.id)
            plan, _same = self.plan(seen, None, secret, redaction.purpose)
            if plan.seqs:
                refuse_held(session, plan.seqs, redaction)
                marked = await self.mark(seen, plan, redaction)
                if marked is None:
                    continue
                seen = marked
            return await self._finish(seen, redaction, secret)
        raise SessionMovedError(session_id=session.id, head="?", expected="?")

    async def _finish(self, seen: Seen, redaction: Redaction, secret: Secret) -> int:
        """Change what our markers name and nobody has changed yet."""
        own = seen.opened.session.id == redaction.session_id
        target = secret.target if own else None
        needles = rules.needles_of(secret.texts, redaction.id)

        def rest(item: Item) -> JSON | None:
            if item.seq in seen.erased:
                return None
            return rules.without(item, target, secret.texts, needles)

        changed = 0
        for item in seen.items:
            if item.seq in seen.covered:
                changed += await self._change(seen.opened, item, redaction, rest)
        if self._contents is not None and secret.texts:
            changed += await self._contents.redact(seen.opened, needles)
        return changed

    async def _change(
        self, opened: Opened, item: Item, redaction: Redaction, rest: Rest
    ) -> int:
        for _ in range(TRIES):
            if _is_done(item.facts, redaction):
                return 0
            (found,) = await self._memory.store.items(
                opened.session.id, item.seq, item.seq
            )
            item = opened.open(found)
            if _is_done(item.facts, redaction):
                return 0
            if await self._put(opened, found, rest(item), redaction):
                return 1
        raise SessionMovedError(session_id=opened.session.id, head="?", expected="?")

    async def _put(
        self, opened: Opened, found: Document, left: JSON | None, redaction: Redaction
    ) -> bool:
        """Store what may stay, and over it who took the rest out, when and why."""
        if left is None:
            later = {"revision": found["revision"] + 1, "erased": redaction.tombstone}
            gone = ("sealed", "patch", "tombstones")
            return await self._memory.store.replace(found, later, gone)
        stones = [*found.get("tombstones", ()), redaction.tombstone]
        later = {**opened.resealed(found, left), "tombstones": stones}
        return await self._memory.store.replace(found, later, ())


def refuse_held(session: Session, seqs: Sequence[int], redaction: Redaction) -> None:
    """Raise SessionHeldError when a hold covers an item and is not overridden."""
    if redaction.override_hold:
        return
    for hold in session.holds:
        if any(map(hold.covers, seqs)):
            raise SessionHeldError(session_id=session.id, reason=hold.reason)


def _is_done(facts: Facts, redaction: Redaction) -> bool:
    stones = [one.get("redaction") for one in facts.tombstones]
    return facts.erased is not None or redaction.id in stones

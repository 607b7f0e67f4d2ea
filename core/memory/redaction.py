"""Redactions: what was said is taken out of a session, and out of all made from it.

First it is written down what is to go, sealed; then a marker takes the next place of
the session, so that whoever writes on from what it read before is refused; then items,
and place after place. A process that dies in between leaves what another needs to go
on. Nothing brings back what is gone.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from core.audit.service import Audit
from core.clock import Clock, Ids
from core.errors import (
    ConflictError,
    InputError,
    NotFoundError,
    PreconditionError,
    RedactionElsewhereError,
    RedactionNotFoundError,
    RedactionTargetError,
    SealBrokenError,
    SessionHeldError,
    SessionMovedError,
    UnavailableError,
)
from core.memory import redaction_rules as rules
from core.memory.covering import Covering, CutContents, Seen, refuse_held
from core.memory.model import Session
from core.memory.reaching import LEASE, TRIES, Places, Reaching, planned, sealed
from core.memory.redaction_model import (
    ITEMS,
    PlaceState,
    Purpose,
    Redaction,
    Secret,
)
from core.memory.redaction_news import RedactionNews
from core.memory.redaction_rules import MessageTarget, Target
from core.memory.redaction_store import RedactionStore
from core.memory.service import Memory

log = structlog.get_logger()


class Redactions:
    """Every method raises StoreUnavailableError, and MemoryKeyError where it opens.

    `contents` are those of workspaces. `backup_days` is how long a backup may live.
    Until `reach` says which places may hold copies, beside memory itself, what must go
    from them too is left to processes that know.
    """

    def __init__(
        self,
        memory: Memory,
        store: RedactionStore,
        audit: Audit,
        *,
        clock: Clock,
        ids: Ids,
        backup_days: int,
        contents: CutContents | None = None,
    ) -> None:
        self._memory = memory
        self._store = store
        self._clock = clock
        self._ids = ids
        self._covering = Covering(memory, clock=clock, contents=contents)
        telling = memory.sealing.telling
        self._news = RedactionNews(telling, audit, backup_days=backup_days)
        self._reaching = Reaching(
            memory, store, self._covering, self._news, clock=clock
        )

    def reach(self, places: Places) -> None:
        """Say what gives the places that may hold copies."""
        self._reaching.places = places

    async def request(
        self,
        session_id: str,
        target: Target,
        *,
        reason: str,
        actor: str,
        dry_run: bool = False,
        override_hold: bool = False,
        revision: int | None = None,
    ) -> Redaction:
        """Take something out for good; it is `pending` until it is gone everywhere.

        A dry run changes nothing and says what would go. `revision` is the session's
        that the caller has seen, if that matters. Raises SessionNotFoundError,
        RedactionTargetError, SessionHeldError, PreconditionError.
        """
        session = await self._memory.session(session_id)
        if override_hold and not reason.strip():
            raise SessionHeldError(session_id=session_id, reason="no reason was given")
        wish = await self._wish(session, target, purpose="redacted")
        wish = replace(wish, actor=actor, reason=reason, override_hold=override_hold)
        try:
            if dry_run:
                return await self._looked(wish, target, revision)
            begun = await self._begin(wish, target, revision)
        except (RedactionTargetError, SessionHeldError):
            # A refusal tells whether a pattern matches: asked often, it tells the text.
            await self._news.refused(wish)
            raise
        return await self.pursue(begun)

    async def forget(
        self, session_id: str, seqs: Sequence[int], *, actor: str, reason: str
    ) -> None:
        """Erase items, and what summarises them; what is gone already stays so.

        With the reason `compacted` the summaries stay. Raises SessionNotFoundError,
        SessionHeldError.
        """
        session = await self._memory.session(session_id)
        items = await self._memory.read(session_id)
        there = {one.seq for one in items if one.content is not None}
        left = tuple(seq for seq in sorted(set(seqs)) if seq in there)
        if not left:
            return
        target = MessageTarget(seqs=left)
        purpose: Purpose = "compacted" if reason == "compacted" else "forgotten"
        wish = await self._wish(session, target, purpose=purpose)
        wish = replace(wish, actor=actor, reason=reason)
        await self.pursue(await self._begin(wish, target, None))

    async def of(self, session_id: str) -> tuple[Redaction, ...]:
        """Return a session's redactions, oldest first."""
        return await self._store.of_session(session_id)

    async def get(self, session_id: str, redaction_id: str) -> Redaction:
        """Return one of a session's; raises RedactionNotFoundError."""
        found = await self._store.get(redaction_id)
        if found is None or found.session_id != session_id:
            raise RedactionNotFoundError(
                session_id=session_id, redaction_id=redaction_id
            )
        return found

    async def take_up(self) -> int:
        """Go on with what others have left or put off; returns how many are done."""
        done = 0
        for due in await self._store.due(self._clock.now()):
            held = await self._store.claim(due, self._clock.now(), LEASE)
            if held is None:
                continue
            try:
                done += (await self.pursue(held)).status == "complete"
            except Exception:
                # The others do not wait for it. It is due again when its lease ends.
                log.exception("memory.redaction_failed", redaction_id=held.id)
        return done

    async def pursue(self, redaction: Redaction) -> Redaction:
        """Go on with one that this process has; whatever stops it, it is not lost."""
        try:
            return await self._reaching.go_on(redaction)
        except RedactionElsewhereError:
            return await self.get(redaction.session_id, redaction.id)
        except (UnavailableError, ConflictError, SealBrokenError) as error:
            # Its lease runs out, and it is due again.
            log.warning(
                "memory.redaction_pending", redaction_id=redaction.id, left=str(error)
            )
            return redaction

    async def _wish(
        self, session: Session, target: Target, *, purpose: Purpose
    ) -> Redaction:
        now = self._clock.now()
        redacts = purpose == "redacted"
        names = await self._reaching.names() if redacts else (ITEMS,)
        return Redaction(
            id=self._ids.new("red"),
            session_id=session.id,
            repository=session.scope.repository,
            pull=session.scope.pull,
            status="pending",
            purpose=purpose,
            rule=target.rule,
            items=(),
            length=rules.bucket(0),
            actor="",
            reason="",
            override_hold=False,
            at=now,
            places={name: PlaceState() for name in names},
            due_at=now + timedelta(seconds=LEASE),
        )

    async def _looked(
        self, wish: Redaction, target: Target, revision: int | None
    ) -> Redaction:
        _, asked, _ = await self._decided(wish, Secret(target=target), revision)
        asked = replace(asked, status="planned", due_at=None)
        await self._news.looked(asked)
        return asked

    async def _begin(
        self, wish: Redaction, target: Target, revision: int | None
    ) -> Redaction:
        """Write down what is to go, then append the marker; both, or neither."""
        kept: Redaction | None = None
        try:
            for _ in range(TRIES):
                seen, asked, plan = await self._decided(
                    wish, Secret(target=target), revision
                )
                # Somebody was first with this place: what they wrote counts too.
                if kept is not None:
                    await self._store.withdraw(kept)
                await self._store.add(asked)
                kept = asked
                if await self._covering.mark(seen, plan, asked):
                    return asked
            raise SessionMovedError(session_id=wish.session_id, head="?", expected="?")
        except (InputError, NotFoundError, ConflictError):
            if kept is not None:
                await self._store.withdraw(kept)
            raise

    async def _decided(
        self, wish: Redaction, secret: Secret, revision: int | None
    ) -> tuple[Seen, Redaction, rules.Plan]:
        """Return a session as it is, and what goes from it, sealed under its key."""
        session = await self._memory.session(wish.session_id)
        if revision is not None and session.revision != revision:
            raise PreconditionError(session_id=session.id, revision=session.revision)
        seen = await self._covering.look(session, wish.id)
        plan, secret = self._covering.plan(seen, secret.target, secret, wish.purpose)
        if not plan.seqs:
            raise RedactionTargetError(reason="nothing in the session matches")
        refuse_held(session, plan.seqs, wish)
        asked = planned(wish, plan, seen.opened.epoch + 1)
        needles = rules.needles_of(secret.texts, wish.id)
        asked = replace(asked, reason=needles.cut(wish.reason))
        kept = sealed(seen.opened.sealer, session, asked, secret)
        return seen, replace(asked, sealed=kept), plan

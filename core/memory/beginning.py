"""A session as it begins."""

from datetime import datetime

from core.memory.model import Head, Scope, Session, WrappedKey
from core.memory.policy import Policy
from core.store.database import Document


def beginning(  # one argument a fact
    policy: Policy,
    scope: Scope,
    head: Head,
    key: WrappedKey,
    *,
    session_id: str,
    fork: bool,
    now: datetime,
) -> Session:
    """Return a session without items, which ends when the policy says so."""
    return Session(
        id=session_id,
        scope=scope,
        fork=fork,
        state="live",
        revision=1,
        epoch=0,
        head=head,
        key=key,
        created_at=now,
        updated_at=now,
        expires_at=now + policy.life,
        generation=1,
        sliding=policy.slides_by,
    )


def ends(policy: Policy, session: Session) -> Document:
    """Return when a new session is to be looked at, and purged."""
    end = session.expires_at
    return {
        "due_at": policy.first_look(end, session.created_at),
        "purge_after": policy.purge_after(end),
    }

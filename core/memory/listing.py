"""Lists of sessions as values: what is asked for, and where a page ends."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.access.tokens import EVERYWHERE
from core.memory.model import Scope, ScopeKind, Session, State
from core.store.positions import Position


def everything(_: str) -> bool:
    """Let every repository be seen."""
    return True


Sees = Callable[[str], bool]


def may_see(sees: Sees, scope: Scope) -> bool:
    """Return whether who sees some repositories may know of a session.

    What belongs to an installation or to a person is for those who see everything.
    """
    return sees(scope.repository or EVERYWHERE[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFilter:
    """Which sessions are wanted, by what is stored in the clear; None wants any.

    Nothing of it looks into contents: they are sealed, and are not searched. `author`
    is somebody who wrote an item, in small letters. A session that is over its time
    and not held is no longer there for whoever wants those that are live.
    """

    state: State | None = "live"
    kind: ScopeKind | None = None
    repository: str | None = None
    pull: int | None = None
    actor: str | None = None
    author: str | None = None
    held: bool | None = None
    expiring_before: datetime | None = None
    updated_since: datetime | None = None
    sees: Sees = everything

    def matches(self, session: Session, now: datetime) -> bool:
        """Return whether a session is wanted and may be seen; `author` stands apart."""
        scope = session.scope
        wanted = (
            (self.state, session.state),
            (self.kind, scope.kind),
            (self.repository, scope.repository),
            (self.pull, scope.pull),
            (self.actor, scope.actor and scope.actor.lower()),
            (self.held, session.is_held),
        )
        since, before = self.updated_since, self.expiring_before
        return (
            all(one in (None, there) for one, there in wanted)
            and (session.state != "live" or session.is_live(now))
            and (since is None or session.updated_at >= since)
            and (before is None or session.expires_at < before)
            and may_see(self.sees, scope)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """Some sessions, newest first; `next` is where the next page goes on, if any."""

    sessions: tuple[Session, ...]
    next: Position | None


def position_of(session: Session) -> Position:
    """Return a session's place in lists."""
    return Position(created_at=session.created_at, id=session.id)

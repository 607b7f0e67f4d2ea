"""One pull request's runs, in the order in which they were asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from core.errors import RunOutdatedError
from core.events import schema
from core.events.commit import GENESIS, Commit, Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """Which run answers a request, and which run it takes the place of."""

    run_id: str
    supersedes: str | None
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRuns:
    """The fold of a pull request's stream; its appends decide which run is current.

    `since` is when the head of the current run was first asked for.
    """

    stream: str
    requests: tuple[schema.RunRequested, ...] = ()
    since: datetime | None = None
    head_seq: int = 0
    head_hash: str = GENESIS

    @property
    def current(self) -> schema.RunRequested | None:
        """Return the newest request."""
        return self.requests[-1] if self.requests else None

    def before(self, request_id: str) -> schema.RunRequested | None:
        """Return what was current when this request first came in, or is so far."""
        earlier = takewhile(lambda one: one.request_id != request_id, self.requests)
        *_, newest = [None, *earlier]
        return newest

    def refuse_older(self, head_sha: str) -> None:
        """Raise RunOutdatedError when another head than this has been asked for."""
        if self.current is not None and self.current.head_sha != head_sha:
            raise RunOutdatedError(head=head_sha, now=self.current.head_sha)

    def by_request(self, request_id: str) -> schema.RunRequested | None:
        """Return what was decided when this request first came in."""
        for one in self.requests:
            if one.request_id == request_id:
                return one
        return None


def pull_stream(repository: str, pull: int) -> str:
    """Return the stream that serialises a pull request's runs."""
    return f"pull/{repository}#{pull}"


def fold(stream: str, commits: Iterable[Commit]) -> PullRuns:
    """Return what a pull request's commits, oldest first, add up to."""
    requests: list[schema.RunRequested] = []
    seq, head, since = 0, GENESIS, None
    for commit in commits:
        for event in commit.events:
            if isinstance(event, schema.RunRequested):
                known = requests[-1].head_sha if requests else None
                since = since if known == event.head_sha else commit.time
                requests.append(event)
        seq, head = commit.seq, commit.stored_hash
    return PullRuns(
        stream=stream,
        requests=tuple(requests),
        since=since,
        head_seq=seq,
        head_hash=head,
    )


def draft(pull: PullRuns, request: schema.RunRequested, now: datetime) -> Draft:
    """Return the commit that makes `request` the current one."""
    return Draft(
        stream=pull.stream,
        seq=pull.head_seq + 1,
        time=now,
        events=(request,),
        prev_hash=pull.head_hash,
    )

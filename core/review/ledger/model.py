"""What the ledger of one pull request holds, and how its events add up to it: pure."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from core.events import schema
from core.events.base import Payload
from core.events.commit import GENESIS, Commit
from core.review.findings import Finding
from core.review.ledger.states import OPEN

STREAM = "findings/"
SHORT = 8
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
ID_DIGITS = 26
NOTHING: Mapping[str, "Entry"] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One finding as it stands.

    `finding` has the lines where it was last seen, at `head_sha` by `run_id`; `code` is
    the text of these lines. `actor` and `reason` are of the last move, `note` says why
    it is open although the last review did not make the remark, `waived_in` names the
    run of which a gate was waived for it. `replies` are the ids of people's comments in
    its thread, `up` and `down` their thumbs; `resolved` is the thread's last word, None
    before it had one. `seq` is the commit of the ledger that told of it last.
    """

    finding: Finding
    state: str
    opened_at: datetime
    moved_at: datetime
    seq: int
    code: str = ""
    by_model: bool = False
    life: int = 1
    run_id: str = ""
    head_sha: str = ""
    comment_id: int | None = None
    actor: str | None = None
    reason: str = ""
    note: str = ""
    replies: tuple[int, ...] = ()
    up: int = 0
    down: int = 0
    resolved: bool | None = None
    waived_in: str = ""

    @property
    def fingerprint(self) -> str:
        """Return the name that the finding keeps."""
        return self.finding.fingerprint

    @property
    def is_open(self) -> bool:
        """Return whether nobody is done with it."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The findings of a pull request by fingerprint, in the order of their coming."""

    repository: str
    pull: int
    entries: Mapping[str, Entry] = field(default_factory=lambda: NOTHING)
    head_seq: int = 0
    head_hash: str = GENESIS

    @property
    def stream(self) -> str:
        """Return the stream that holds it."""
        return stream_of(self.repository, self.pull)

    def after(self, events: Iterable[Payload], *, seq: int, time: datetime) -> "Ledger":
        """Return the ledger as it is once these events are told."""
        entries = dict(self.entries)
        for event in events:
            _tell(entries, event, seq, time)
        return replace(self, entries=MappingProxyType(entries))

    def names(self) -> dict[str, str]:
        """Return the short name of each fingerprint: 8 digits, more where two share."""
        return {one: short_name(one, self.entries) for one in self.entries}

    def named(self, word: str) -> tuple[Entry, ...]:
        """Return the findings whose fingerprint begins with `word`."""
        return tuple(
            one for name, one in self.entries.items() if name.startswith(word.lower())
        )

    def on_comment(self, comment_ids: Iterable[int]) -> Entry | None:
        """Return the finding that one of these comments shows."""
        wanted = set(comment_ids)
        for one in self.entries.values():
            if one.comment_id in wanted:
                return one
        return None


def stream_of(repository: str, pull: int) -> str:
    """Return the stream of a pull request's ledger."""
    return f"{STREAM}{repository}#{pull}"


def place_of(stream: str) -> tuple[str, int]:
    """Return the repository and the number that a ledger's stream names."""
    repository, _, number = stream.removeprefix(STREAM).rpartition("#")
    return repository, int(number)


def finding_id(repository: str, pull: int, fingerprint: str) -> str:
    """Return the id of a finding among those of all pull requests."""
    text = f"{repository}#{pull}:{fingerprint}"
    hashed = hashlib.sha256(text.encode()).digest()
    digits = "".join(CROCKFORD[one % len(CROCKFORD)] for one in hashed[:ID_DIGITS])
    return f"finding_{digits}"


def short_name(fingerprint: str, others: Iterable[str]) -> str:
    """Return the first digits of a fingerprint that no other one begins with."""
    rest = [one for one in others if one != fingerprint]
    length = SHORT
    while any(one.startswith(fingerprint[:length]) for one in rest):
        length += 1
    return fingerprint[:length]


def fold(repository: str, pull: int, commits: Iterable[Commit]) -> Ledger:
    """Return what a ledger's commits, oldest first, add up to."""
    ledger = Ledger(repository=repository, pull=pull)
    for commit in commits:
        told = ledger.after(commit.events, seq=commit.seq, time=commit.time)
        ledger = replace(told, head_seq=commit.seq, head_hash=commit.stored_hash)
    return ledger


def _tell(entries: dict[str, Entry], event: Payload, seq: int, time: datetime) -> None:
    match event:
        case schema.FindingTracked():
            entries[event.subject] = _tracked(event, entries, seq, time)
        case schema.FindingNoted() if event.subject in entries:
            entries[event.subject] = _noted(entries[event.subject], event, seq)
        case schema.FindingMove() if event.subject in entries:
            known = entries[event.subject]
            entries[event.subject] = replace(
                known,
                state=event.to,
                moved_at=time,
                seq=seq,
                actor=getattr(event, "actor", None),
                reason=getattr(event, "reason", ""),
                head_sha=getattr(event, "head_sha", "") or known.head_sha,
                note="",
                waived_in=event.run_id
                if isinstance(event, schema.FindingWaived)
                else "",
            )
        case _:
            """What this program does not know changes nothing that it knows."""


def _tracked(
    event: schema.FindingTracked,
    entries: Mapping[str, Entry],
    seq: int,
    time: datetime,
) -> Entry:
    known = entries.get(event.subject)
    return Entry(
        finding=Finding.model_validate(event.finding),
        state=event.state,
        opened_at=time,
        moved_at=time,
        seq=seq,
        code=event.code,
        by_model=event.by_model,
        life=event.life,
        run_id=event.run_id,
        head_sha=event.head_sha,
        comment_id=event.comment_id,
        replies=known.replies if known else (),
        up=known.up if known else 0,
        down=known.down if known else 0,
        resolved=known.resolved if known else None,
    )


def _noted(known: Entry, event: schema.FindingNoted, seq: int) -> Entry:
    finding = known.finding
    if event.line is not None:
        lines = {"line": event.line, "start_line": event.start_line}
        finding = finding.model_copy(update=lines)
    replies = known.replies
    if event.reply is not None and event.reply not in replies:
        replies = (*replies, event.reply)
    given = {
        name: value
        for name in ("comment_id", "note", "up", "down", "resolved")
        if (value := getattr(event, name)) is not None
    }
    return replace(
        known,
        finding=finding,
        replies=replies,
        seq=seq,
        run_id=event.run_id or known.run_id,
        head_sha=event.head_sha or known.head_sha,
        **given,
    )

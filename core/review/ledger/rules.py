"""What a review changes in the ledger, and what of the ledger stops a commit: pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from core.events import schema
from core.events.base import Payload
from core.review.findings import Finding, Side
from core.review.hunks import Diff
from core.review.ledger.copies import code_under, copies, shows
from core.review.ledger.model import Entry, Ledger
from core.review.ledger.moves import moved
from core.review.ledger.states import GONE, SETTLED
from core.review.verify import Fate, Judged

FIXED = "the code was changed, and the review does not find it any more"
LEFT = "no file of this name is part of the change any more"
CHANGED_UNREAD = "the code is no longer there, and what is there was not reviewed"
UNCHANGED = "the code is as it was; the last review only did not say it again"
UNREAD = "its file was not reviewed to the end this time"
NO_MODEL = "a language model found it, and none looked this time"
ASIDE = "the last review put it aside: {reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A comment of ours on a line, as it is at GitHub; `up` and `down` are thumbs."""

    outdated: bool = False
    up: int = 0
    down: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one review saw of a commit, and where that stands at GitHub.

    `unread` are the paths that were not read to the end, '' for the change as a whole.
    `model` is the language model that looked, None without one. `comments` maps
    fingerprints to comment ids, `summarised` to reasons; both are empty before anything
    is published. `remarks` are our comments by their ids, as far as they were read.
    """

    run_id: str
    head_sha: str
    judged: Sequence[Judged]
    diff: Diff
    unread: frozenset[str] = frozenset()
    model: str | None = None
    comments: Mapping[str, int] = field(default_factory=dict)
    summarised: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[int, Remark] = field(default_factory=dict)


class Standing(BaseModel):
    """What the ledger says to a review's findings.

    `settled` are fingerprints that people dismissed or waived; `open` the findings from
    earlier reviews that this one does not have and that are still open, in short;
    `by_model` those of them that a language model found.
    """

    model_config = ConfigDict(frozen=True)

    settled: tuple[str, ...] = ()
    open: tuple[Finding, ...] = ()
    by_model: tuple[str, ...] = ()


NO_STANDING = Standing()


class Place(NamedTuple):
    """What a rule says of some code in a file, wherever in it that stands."""

    path: str
    side: Side
    code: str
    rule: str


def settle(known: Ledger, seen: Seen) -> tuple[Payload, ...]:
    """Return what the ledger has to be told after a review; told twice it is the same.

    What is seen again is the same finding, and nothing of it is said anew; a dismissed
    or waived one stays so. What was gone and is back begins another life. What is not
    seen is addressed when its code was changed and what is there now was read; outdated
    when its file left the change, or when GitHub shows its comment as outdated and the
    code in its place was not read; and it stays open in every other case.
    """
    now = {one.finding.fingerprint: one for one in seen.judged}
    told: list[Payload] = []
    for name, judged in now.items():
        entry = known.entries.get(name)
        if judged.fate is not Fate.FILTERED:
            told += _found(judged, entry, seen)
        elif entry is not None and entry.is_open:
            note = ASIDE.format(reason=judged.reason)
            told += _noted(entry, seen, note=note)
    missed = [
        one for name, one in known.entries.items() if one.is_open and name not in now
    ]
    spare = _spare(missed, seen)
    for entry in missed:
        told += _missed(entry, seen, spare)
    return tuple(told)


def unread_paths(
    diff: Diff, unread: Iterable[str], missing: Iterable[str]
) -> frozenset[str]:
    """Return the paths of hunks that were not read, and of files that the diff lacks.

    `unread` are ids of hunks; a path of '' stands for the change as a whole.
    """
    left = set(unread)
    hunks = (hunk for file in diff.files for hunk in file.hunks)
    return frozenset({one.path for one in hunks if one.id in left} | set(missing))


def standing(ledger: Ledger, judged: Iterable[Judged], run_id: str) -> Standing:
    """Return what the ledger says to the findings of a run's review.

    What was waived in this very run still stands for it: its gate failed and was
    overruled, which is another thing than having found nothing.
    """
    here = {one.finding.fingerprint for one in judged}
    earlier = [
        one
        for name, one in ledger.entries.items()
        if name not in here and (one.is_open or one.waived_in == run_id)
    ]
    return Standing(
        settled=tuple(
            name
            for name, one in ledger.entries.items()
            if one.state in SETTLED and one.waived_in != run_id
        ),
        open=tuple(
            one.finding.model_copy(update={"body": "", "suggestion": None})
            for one in earlier
        ),
        by_model=tuple(one.fingerprint for one in earlier if one.by_model),
    )


def foreseen(known: Ledger, seen: Seen) -> Standing:
    """Return what the ledger will say once it is told what a review saw.

    For what must be said before anything is published.
    """
    events = settle(known, seen)
    moment = max((one.moved_at for one in known.entries.values()), default=None)
    if moment is not None:
        known = known.after(events, seq=known.head_seq + 1, time=moment)
    return standing(known, seen.judged, seen.run_id)


def blocking(findings: Iterable[Finding], said: Standing) -> tuple[Finding, ...]:
    """Return what can stop a commit: what is new, and what is still open.

    Not what people dismissed or waived; a disputed finding counts until somebody with
    write access has decided.
    """
    new = (one for one in findings if one.fingerprint not in said.settled)
    return (*new, *said.open)


def _found(judged: Judged, entry: Entry | None, seen: Seen) -> Iterator[Payload]:
    """Track what is new or back; note where the rest stands now."""
    finding = judged.finding
    name = finding.fingerprint
    comment = seen.comments.get(name)
    if entry is not None and entry.state not in GONE:
        yield from _noted(entry, seen, finding=finding, note="")
        return
    if comment is None and name not in seen.summarised:
        return  # nobody has been told of it
    yield schema.FindingTracked(
        subject=name,
        state="posted" if comment is not None else "summarised",
        finding=finding.model_dump(mode="json"),
        code=code_under(finding, seen.diff),
        by_model=finding.source == seen.model,
        comment_id=comment,
        life=entry.life + 1 if entry is not None else 1,
        run_id=seen.run_id,
        head_sha=seen.head_sha,
    )


def _missed(entry: Entry, seen: Seen, spare: Counter[Place]) -> Iterator[Payload]:
    """Decide about an open finding that this review does not have."""
    path = entry.finding.path
    read = path not in seen.unread and "" not in seen.unread
    here = {"run_id": seen.run_id, "head_sha": seen.head_sha}
    if read and not shows(path, seen.diff):
        yield moved(schema.FindingOutdated, entry, reason=LEFT, **here)
        return
    place = _place(entry)
    stands = spare[place] > 0 if entry.code.strip() else not _is_outdated(entry, seen)
    if stands:
        spare[place] -= 1
        yield from _noted(entry, seen, note=UNCHANGED if read else UNREAD)
    elif entry.by_model and seen.model is None:
        yield from _noted(entry, seen, note=NO_MODEL)
    elif read:
        yield moved(schema.FindingAddressed, entry, reason=FIXED, **here)
    elif _is_outdated(entry, seen):
        yield moved(schema.FindingOutdated, entry, reason=CHANGED_UNREAD, **here)
    else:
        yield from _noted(entry, seen, note=UNREAD)


def _is_outdated(entry: Entry, seen: Seen) -> bool:
    remark = seen.remarks.get(entry.comment_id or 0)
    return remark is not None and remark.outdated


def _spare(missed: Iterable[Entry], seen: Seen) -> Counter[Place]:
    """Count the copies of each missed finding's code that no finding of now is about.

    Equal lines in one file are told apart by their order alone: when one of two is
    mended, the other takes its name.
    """
    spare = Counter(
        {
            place: copies(place.code, place.path, place.side, seen.diff)
            for place in {_place(one) for one in missed}
        }
    )
    for judged in seen.judged:
        place = _place_of(judged.finding, code_under(judged.finding, seen.diff))
        if place in spare:
            spare[place] -= 1
    return spare


def _place(entry: Entry) -> Place:
    return _place_of(entry.finding, entry.code)


def _place_of(finding: Finding, code: str) -> Place:
    return Place(finding.path, finding.side, _normal(code), finding.rule)


def _normal(code: str) -> str:
    return "\n".join(" ".join(line.split()) for line in code.split("\n"))


def _noted(
    entry: Entry, seen: Seen, *, note: str, finding: Finding | None = None
) -> Iterator[Payload]:
    """Tell what is new of a finding that stays where it stands, if anything is."""
    facts: dict[str, object] = {}
    if note != entry.note:
        facts["note"] = note
    lines = (entry.finding.start_line, entry.finding.line)
    if finding is not None and (finding.start_line, finding.line) != lines:
        facts |= {"start_line": finding.start_line, "line": finding.line}
    comment = seen.comments.get(entry.fingerprint)
    if comment not in {None, entry.comment_id}:
        facts["comment_id"] = comment
    remark = seen.remarks.get(comment or entry.comment_id or 0)
    if remark is not None and (remark.up, remark.down) != (entry.up, entry.down):
        facts |= {"up": remark.up, "down": remark.down}
    if facts:
        yield schema.FindingNoted.model_validate(
            {
                "subject": entry.fingerprint,
                "run_id": seen.run_id,
                "head_sha": seen.head_sha,
                **facts,
            }
        )

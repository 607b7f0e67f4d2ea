"""What a push does to a pull request: a new diff, comments that move or go stale."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from bot.simulator.diffs import FileDiff, moved, read_files
from bot.simulator.git import Git
from bot.simulator.records import Place, Pull, Repository, ReviewComment
from core.errors import GitReadError


async def commit_of(git: Git, ref: str) -> str:
    """Return the commit that a ref names; raises GitReadError when there is none."""
    sha = await git.resolve(ref)
    if sha is None:
        raise GitReadError(path=ref, reason="no such commit")
    return sha


async def fork_point(git: Git, base: str, head: str) -> str:
    """Return the merge base of two commits, or the base when they share nothing."""
    return await git.merge_base(base, head) or base


async def files_between(git: Git, base: str, head: str) -> tuple[FileDiff, ...]:
    """Return the changed files between two commits."""
    return read_files(
        *await asyncio.gather(git.raw_diff(base, head), git.diff(base, head))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a pull request looks between two commits."""

    base: str
    merge_base: str
    head: str
    files: tuple[FileDiff, ...]
    commits: tuple[str, ...]


async def move(
    record: Repository, pull: Pull, *, base: str, head: str, now: datetime
) -> None:
    """Give a pull request a new base or head; comments follow or go stale.

    All is read from git first and then set at once: whoever asks meanwhile sees the
    pull request as it was or as it will be. A force push rewrites reviews' commit.
    """
    look = await _look(record.git, base, head)
    forced = not await record.git.contains(pull.head_sha, head)
    known = list(pull.review_comments)
    anchors = [await _followed(record.git, look, one) for one in known]
    _set(pull, look, now)
    for comment, anchor in zip(known, anchors, strict=True):
        _put(comment, anchor, head)
    if forced:
        for review in pull.reviews:
            review.commit_id = head
    for comment in pull.review_comments[len(known) :]:
        await follow(record, pull, comment)


async def follow(record: Repository, pull: Pull, comment: ReviewComment) -> None:
    """Bring a comment that was made on an older commit up to the present one."""
    look = Look(
        base=pull.base_sha,
        merge_base=pull.merge_base,
        head=pull.head_sha,
        files=pull.files,
        commits=pull.commits,
    )
    _put(comment, await _followed(record.git, look, comment), look.head)


async def _look(git: Git, base: str, head: str) -> Look:
    """Read a pull request's diff and commits."""
    start = await fork_point(git, base, head)
    files, commits = await asyncio.gather(
        files_between(git, start, head), git.commits(start, head)
    )
    return Look(base=base, merge_base=start, head=head, files=files, commits=commits)


def _set(pull: Pull, look: Look, now: datetime) -> None:
    """Let a pull request look so from now on."""
    pull.base_sha, pull.head_sha = look.base, look.head
    pull.merge_base, pull.files = look.merge_base, look.files
    pull.commits = look.commits
    pull.known_commits.update(look.commits, (look.head,))
    pull.updated_at = now


def _put(comment: ReviewComment, found: tuple[Place, int] | None, head: str) -> None:
    """Move a comment to where its lines are now; without them it is outdated."""
    if found is None:
        comment.place = comment.position = None
        return
    comment.place, comment.position = found
    comment.commit_id = head


async def _followed(
    git: Git, look: Look, comment: ReviewComment
) -> tuple[Place, int] | None:
    """Return a comment's place and position in the new diff, or None."""
    original = comment.original
    file = next((file for file in look.files if file.path == original.path), None)
    if file is None:
        return None
    if original.line is None:
        return original, 1
    place = await _moved_place(git, look, comment)
    if place is None or place.line is None or not _holds_start(file, place):
        return None
    found = file.holds(place.side, place.line)
    return None if found is None else (place, found[1].position)


def _holds_start(file: FileDiff, place: Place) -> bool:
    """Say whether a range's first line, where it has one, is in the diff."""
    if place.start_line is None or place.start_side is None:
        return True
    return file.holds(place.start_side, place.start_line) is not None


async def _moved_place(git: Git, look: Look, comment: ReviewComment) -> Place | None:
    """Return where the commented lines are now, or None when one of them changed."""
    original = comment.original
    patches = {
        "RIGHT": (comment.original_commit_id, look.head),
        "LEFT": (comment.original_base, look.merge_base),
    }

    async def now_at(side: str, number: int) -> int | None:
        old, new = patches[side]
        if old == new:
            return number
        return moved(await git.moved_lines(old, new, original.path), number)

    line = await now_at(original.side, original.line or 0)
    start = original.start_line
    if start is not None:
        start = await now_at(original.start_side or original.side, start)
    if line is None or (original.start_line is not None and start is None):
        return None
    return Place(
        path=original.path,
        side=original.side,
        line=line,
        start_side=original.start_side,
        start_line=start,
    )

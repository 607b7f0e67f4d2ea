"""Which change the demo shows: commits that were named, the last ones, or ours."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from bot.demo import showcase
from bot.demo.wish import DemoWish
from bot.pipeline.checkout import Checkout, Commit
from bot.settings import environment
from core.errors import DiffTooLargeError, EmptyChangeError, InputError, UnknownRefError
from core.review.hunks import parse_diff

OWNER = "octo"
# An owner of its own: whatever the current folder is called, this is another.
MADE = "example/shop"
MOST_COMMITS = 5
# A first look should fit on a screen or two; a single commit may be larger.
MODERATE_DIFF = 60_000
LARGEST_DIFF = 400_000
LARGEST_ASKED_DIFF = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One pull request to open: a repository's folder, and two SHAs of it."""

    repository: str
    folder: Path
    base: str
    head: str
    title: str
    body: str


async def scenes(wish: DemoWish, workshop: Path) -> AsyncIterator[Scene]:
    """Yield the changes to show, best first; the caller stops when one will do.

    A change that was asked for is the only one; what is wrong with it is raised as
    NotARepositoryError, UnknownRefError, NoCommonHistoryError, EmptyChangeError or
    DiffTooLargeError. Otherwise it is the last commits of the repository around the
    current folder, where there are any, and then one that is made in `workshop`.
    """
    if wish.repo is not None or wish.base is not None or wish.head is not None:
        yield await _asked(wish)
        return
    try:
        found = await _last_commits(Path(), "HEAD")
    except InputError:
        found = None
    if found is not None:
        yield found
    base, head = await showcase.make(workshop / "shop")
    yield Scene(
        repository=MADE,
        folder=workshop / "shop",
        base=base,
        head=head,
        title=showcase.TITLE,
        body=showcase.BODY,
    )


async def _asked(wish: DemoWish) -> Scene:
    """Return the change that the wish names, in whole or in part."""
    folder, ref = wish.repo or Path(), wish.head or "HEAD"
    if wish.base is None:
        found = await _last_commits(folder, ref)
        if found is not None:
            return found
    checkout = Checkout(folder, environment())
    await checkout.check()
    base = await checkout.commit(wish.base or f"{ref}~1")
    head = await checkout.commit(ref)
    start = await checkout.merge_base(base.sha, head.sha)
    diff = await checkout.diff(start, head.sha, max_bytes=LARGEST_ASKED_DIFF)
    if not diff:
        raise EmptyChangeError(where=f"between {wish.base or f'{ref}~1'} and {ref}")
    return _scene(folder, base, head)


async def _last_commits(folder: Path, ref: str) -> Scene | None:
    """Return as many last commits as make a moderate diff with lines in it."""
    checkout = Checkout(folder, environment())
    await checkout.check()
    head = await checkout.commit(ref)
    best, limit = None, LARGEST_DIFF
    for back in range(1, MOST_COMMITS + 1):
        try:
            base = await checkout.commit(f"{ref}~{back}")
            diff = await checkout.diff(base.sha, head.sha, max_bytes=limit)
        except (UnknownRefError, DiffTooLargeError):
            break
        if any(file.hunks for file in parse_diff(diff).files):
            best = base
        limit = MODERATE_DIFF
    return None if best is None else _scene(folder, best, head)


def _scene(folder: Path, base: Commit, head: Commit) -> Scene:
    """Return the pull request that brings `head` to `base`."""
    folder = folder.absolute()
    name = re.sub(r"[^\w.-]+", "-", folder.name, flags=re.ASCII).strip("-.")
    return Scene(
        repository=f"{OWNER}/{name or 'repository'}",
        folder=folder,
        base=base.sha,
        head=head.sha,
        title=head.subject or head.sha[:7],
        body=head.body,
    )

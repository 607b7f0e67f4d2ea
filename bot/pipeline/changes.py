"""A change to review that lies on this machine: two commits, a diff, or an event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from io import BufferedIOBase
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from bot.pipeline.checkout import Checkout
from core.errors import (
    DiffTooLargeError,
    EmptyChangeError,
    EventFileError,
    FileUnreadableError,
)
from core.review.config import FILE
from core.review.config_reading import LARGEST, ReadConfig, read_config, unreadable

MAX_DIFF = 100_000_000
MAX_EVENT = 25_000_000
MAX_FILE = 1_000_000
MAX_FILES = 64_000_000
PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalChange:
    """A change with everything that a reviewer may see of it.

    `repository` is `owner/name`. `diff` runs from where the two histories parted to the
    head. `files` maps a changed path to its bytes at the head; binary, removed and big
    files are absent, and all of them when only a diff was given, as are the SHAs then.
    `config` is what the base commit says of reviews.
    """

    repository: str
    title: str
    description: str
    base_sha: str | None
    head_sha: str | None
    diff: bytes
    files: Mapping[str, bytes] = field(default_factory=dict)
    config: ReadConfig = field(default_factory=ReadConfig)
    fork: bool = False


class _Repository(BaseModel):
    """A repository in GitHub's payload."""

    full_name: str


class _Ref(BaseModel):
    """One side of a pull request in GitHub's payload."""

    sha: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]


class _Head(_Ref):
    """The head, whose repository is gone when the fork is."""

    repo: _Repository | None = None

    @property
    def name(self) -> str:
        """Return the head's repository as `owner/name`, empty when it is gone."""
        return self.repo.full_name if self.repo else ""


class _Pull(BaseModel):
    """The pull request in GitHub's payload, as far as a review needs it."""

    title: str
    body: str | None = None
    base: _Ref
    head: _Head


class _Event(BaseModel):
    """GitHub's `pull_request` payload; everything else in it is ignored."""

    pull_request: _Pull
    repository: _Repository


async def change_from_refs(checkout: Checkout, base: str, head: str) -> LocalChange:
    """Return what `head` changed since it left `base`.

    The head commit's message gives title and description. Raises NotARepositoryError,
    UnknownRefError, NoCommonHistoryError, EmptyChangeError, DiffTooLargeError.
    """
    await checkout.check()
    base_commit = await checkout.commit(base)
    head_commit = await checkout.commit(head)
    start = await checkout.merge_base(base_commit.sha, head_commit.sha)
    diff = await checkout.diff(start, head_commit.sha, max_bytes=MAX_DIFF)
    if not diff:
        raise EmptyChangeError(where=f"between {base} and {head}")
    files = await checkout.changed_files(
        start, head_commit.sha, max_file=MAX_FILE, max_total=MAX_FILES
    )
    return LocalChange(
        repository="local/checkout",
        title=head_commit.subject,
        description=head_commit.body,
        base_sha=base_commit.sha,
        head_sha=head_commit.sha,
        diff=diff,
        files=files,
        config=await base_config(checkout, base_commit.sha),
    )


async def change_from_event(checkout: Checkout, event: bytes) -> LocalChange:
    """Return the change of a `pull_request` payload, whose commits the checkout holds.

    Raises EventFileError, and what `change_from_refs` raises.
    """
    try:
        payload = _Event.model_validate_json(event)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise EventFileError(reason=f"{place}: {first['msg']}") from None
    pull = payload.pull_request
    change = await change_from_refs(checkout, pull.base.sha, pull.head.sha)
    return replace(
        change,
        repository=payload.repository.full_name,
        title=pull.title,
        description=pull.body or "",
        fork=pull.head.name != payload.repository.full_name,
    )


async def base_config(checkout: Checkout, sha: str) -> ReadConfig:
    """Return what a commit says of reviews; a link that leads elsewhere is no file."""
    try:
        return read_config(await checkout.file_at(sha, FILE, max_bytes=LARGEST))
    except DiffTooLargeError:
        return unreadable(f"the file has more than {LARGEST} bytes and is not read")


def change_from_diff(diff: bytes, where: str) -> LocalChange:
    """Return a change of which only the diff is known; EmptyChangeError."""
    if not diff.strip():
        raise EmptyChangeError(where=f"in {where}")
    return LocalChange(
        repository="local/diff",
        title=f"The diff from {where}",
        description="",
        base_sha=None,
        head_sha=None,
        diff=diff,
    )


def read_diff(path: Path | None, stdin: Callable[[], BufferedIOBase]) -> bytes:
    """Return a diff's bytes from a file, or from standard input without a path.

    Reads at most MAX_DIFF bytes; raises DiffTooLargeError, FileUnreadableError.
    """
    return read_diff_file(path) if path else _whole_diff(_read(stdin(), MAX_DIFF))


def read_diff_file(path: Path) -> bytes:
    """Return a diff's bytes from a file; raises as `read_diff` does."""
    return _whole_diff(read_file(path, MAX_DIFF))


def _whole_diff(data: bytes) -> bytes:
    if len(data) > MAX_DIFF:
        raise DiffTooLargeError(
            size=f"more than {MAX_DIFF}", unit="bytes", limit=MAX_DIFF
        )
    return data


def read_event(path: Path) -> bytes:
    """Return a payload's bytes; raises EventFileError, FileUnreadableError."""
    data = read_file(path, MAX_EVENT)
    if len(data) > MAX_EVENT:
        raise EventFileError(reason=f"it has more than {MAX_EVENT} bytes")
    return data


def read_file(path: Path, limit: int) -> bytes:
    """Return at most one byte more than `limit` of a file; FileUnreadableError."""
    try:
        with path.open("rb") as file:
            return _read(file, limit)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FileUnreadableError(path=path, reason=reason) from None


def _read(file: BufferedIOBase, limit: int) -> bytes:
    """Return at most one byte more than `limit`, so that an excess shows.

    A piece at a time: between pieces Python can notice Ctrl-C.
    """
    held = bytearray()
    while piece := file.read1(min(PIECE, limit + 1 - len(held))):
        held += piece
    return bytes(held)

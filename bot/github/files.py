"""Files as they stand at a commit, many of them by one question."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from bot.github.client import Connection
from bot.github.pulls import FILE_BYTES, file_at
from core.errors import GitHubAnswerTooLargeError, GitHubUnavailableError

BLOB = "... on Blob { oid byteSize text }"


async def files_at(
    gh: Connection,
    repo: str,
    paths: Sequence[str],
    ref: str,
    *,
    max_bytes: int = FILE_BYTES,
) -> dict[str, bytes | None]:
    """Return each file's bytes at a commit, given by its SHA; None as in `file_at`.

    GraphQL has texts alone, cuts long ones, and puts another character for what is not
    UTF-8. So what has not the SHA of its blob is asked for once more, by itself.
    """
    try:
        told = await _told(gh, repo, paths, ref)
    except GitHubAnswerTooLargeError:
        told = dict.fromkeys(paths)
    found: dict[str, bytes | None] = {}
    for path in paths:
        blob = told[path]
        if blob == {} or (blob and blob["byteSize"] > max_bytes):
            found[path] = None
            continue
        # What GraphQL does not find, as a fork's commit may be, REST may.
        data = _whole(blob) if blob else None
        if data is None:
            data = await file_at(gh, repo, path, ref, max_bytes=max_bytes)
        found[path] = data
    return found


async def _told(
    gh: Connection, repo: str, paths: Sequence[str], ref: str
) -> dict[str, Mapping[str, Any] | None]:
    """Return what GraphQL says of each file; empty for what is there and no file."""
    owner, _, name = repo.partition("/")
    given = {f"e{at}": f"{ref}:{path}" for at, path in enumerate(paths)}
    heads = "".join(f", ${one}: String!" for one in given)
    asked = " ".join(f"{one}: object(expression: ${one}) {{ {BLOB} }}" for one in given)
    document = (
        f"query($owner: String!, $name: String!{heads}) {{"
        f" repository(owner: $owner, name: $name) {{ {asked} }} }}"
    )
    data = await gh.graphql(document, owner=owner, name=name, **given)
    try:
        answers = [data["repository"][one] for one in given]
    except (KeyError, TypeError) as error:
        raise GitHubUnavailableError(
            method="POST", path="/graphql", reason=f"the answer has no {error}"
        ) from None
    return dict(zip(paths, answers, strict=True))


def _whole(blob: Mapping[str, Any]) -> bytes | None:
    """Return a blob's bytes where its text is all of it, unchanged."""
    text = blob.get("text")
    if text is None:
        return None
    data = str(text).encode()
    # Git's name of it, by which nothing is protected.
    name = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False)
    return data if name.hexdigest() == blob["oid"] else None

"""Copies of what a run left, under ids of their own, of the same size."""

import secrets
from collections.abc import Sequence
from itertools import count

from core.store.database import Document

WRITER = f"w_{secrets.token_hex(13)}"
NUMBERS = count(1)


def like(commits: Sequence[Document], stream: str) -> list[Document]:
    """Return the like of a run's raw commits in another stream.

    The chain is as long as a real one, and does not verify.
    """
    return [
        one
        | {
            "_id": f"{stream}:{one['seq']}",
            "stream": stream,
            "writer": WRITER,
            "wseq": next(NUMBERS),
        }
        for one in commits
    ]

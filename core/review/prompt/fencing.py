"""Fences around what others wrote, which nothing that they wrote can close."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

DIGITS = 8
# A title of ours, and what others wrote.
Block = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Fence:
    """Opens and closes blocks with a mark that none of the fenced texts holds.

    The mark is a digest of the texts: whoever writes one cannot know it beforehand, and
    the same question has the same mark.
    """

    mark: str

    @classmethod
    def around(cls, texts: Sequence[str]) -> "Fence":
        """Return a fence for all of these texts."""
        whole = "\0".join(texts)
        turn = 0
        while True:
            data = f"{turn}:{whole}".encode("utf-8", "surrogatepass")
            mark = hashlib.sha256(data).hexdigest()[:DIGITS]
            if not any(mark in text.lower() for text in texts):
                return cls(mark)
            turn += 1

    def block(self, title: str, text: str) -> str:
        """Return the text between its fences; `title` stands in the opening one."""
        return f"[{self.mark} {title}]\n{text}\n[{self.mark} end]"


def fenced(blocks: Sequence[Block]) -> str:
    """Return the material of a question: the mark, then each block in its fence."""
    fence = Fence.around([text for block in blocks for text in block])
    shown = (fence.block(title, text) for title, text in blocks)
    return "\n".join((f"MARK {fence.mark}", *shown))

"""The exact road: any text from one `diff --git` to the next, or without one."""

import re
from collections.abc import Iterator

from core.errors import DiffTooLargeError
from core.review.body import HUNK, broken, fits, read_hunk
from core.review.header import GIT, Header, find_plain, git_header
from core.review.patches import FilePatch, Hunk

MAX_PARTS = 1_000_000
NO_FILE = "a hunk that belongs to no file"

# What is no text between files, but looks like the rest of a hunk or a broken header.
# Mailed patches end in `-- ` and a version, which does not count.
_CODE = re.compile(rb"[\r\n]*(?!-- ?\r?\n)[-+ \\@]")


class Part:
    """The text from `start` to the next `diff --git`, and how far it has been read."""

    def __init__(
        self, data: bytes, start: int, end: int, indexes: dict[str, int]
    ) -> None:
        self._data = data
        self._at = start
        self._end = end
        self._indexes = indexes
        self._matches = HUNK.finditer(data, start, end)
        self._match = next(self._matches, None)
        # Whether the last file's header announces a change that is not there.
        self.cut_off = False

    def files(self) -> Iterator[FilePatch]:
        """Yield the files: one behind `diff --git`, any number without.

        Raises DiffSyntaxError for whatever is no whole file and no text between files.
        """
        header: Header | None = None
        if self._data.startswith(GIT, self._at):
            header = git_header(self._data, self._at, self._text_end)
        preamble = self._at == 0 and header is None
        while header or (header := self._plain(preamble=preamble)):
            self._at = header.end
            self.cut_off = header.cut_off
            yield FilePatch(
                path=header.path,
                old_path=header.old_path,
                status=header.status,
                binary=header.binary,
                old_mode=header.old_mode,
                new_mode=header.new_mode,
                hunks=self._hunks(header) if header.has_names else (),
            )
            header, preamble = None, False
        if self._at < self._end:
            raise broken(self._data, self._text_end, NO_FILE)

    @property
    def _text_end(self) -> int:
        """Return where the text before the next hunk ends."""
        return self._match.start() + 1 if self._match else self._end

    def _plain(self, *, preamble: bool) -> Header | None:
        """Pass over text up to a header without `diff --git`, if there is one."""
        if self._at == self._end:
            return None
        header = find_plain(self._data, self._at, self._text_end)
        end = header.start if header else self._text_end
        if not preamble and _CODE.match(self._data, self._at, end):
            raise broken(
                self._data, self._at, "lines that the hunk's header did not count"
            )
        self._at = end
        return header

    def _hunks(self, header: Header) -> tuple[Hunk, ...]:
        """Read the hunks that follow, up to other text."""
        data, path = self._data, header.path
        index = self._indexes.get(path, 0)
        hunks: list[Hunk] = []
        old_end = new_end = 0
        while (match := self._match) and self._at == match.start() + 1:
            self._match = next(self._matches, None)
            hunk = read_hunk(data, match, self._text_end - 1, path, index)
            if hunk.old_start < old_end or hunk.new_start < new_end:
                raise broken(data, self._at, "a hunk that starts before the last ends")
            old_end = hunk.old_start + hunk.old_count
            new_end = hunk.new_start + hunk.new_count
            hunks.append(hunk)
            index += 1
            if index > MAX_PARTS:
                raise DiffTooLargeError(size=index, unit="hunks", limit=MAX_PARTS)
            self._at = match.start() + 2 + len(hunk.raw)
        if not hunks:
            raise broken(data, self._at, "file names without a hunk")
        if not fits(header.status, hunks[-1]):
            reason = f"a file that is {header.status.value} has lines on both sides"
            raise broken(data, self._at - 1, reason)
        self._indexes[path] = index
        return tuple(hunks)

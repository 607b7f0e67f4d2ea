"""Cleans what goes into a model, and what comes out of one into a GitHub comment."""

import bisect
import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.review.invisible import has_invisible, strip_invisible
from core.review.prose import Span, code_spans, escape_prose
from core.review.tables import DELIMITER_ROW, settled

# GitHub's limit for a comment, less room for our template around the text.
COMMENT_LIMIT = 60_000
# An unfinished comment hides all that follows, as it does on GitHub.
HTML_COMMENT = re.compile(r"<!--(?:-?>|.*?(?:-->|\Z))", re.DOTALL)
MARKER = re.compile(r"<!--(?=\s*nofx)")
# The fence languages that GitHub does not show as code, but runs or offers to apply.
ACTING = {"suggestion", "mermaid", "math", "geojson", "topojson", "stl"}
LANGUAGE = re.compile(r"[A-Za-z0-9_+#.-]{1,30}")
# The blocks that hold text.
BLOCKS = {"fence", "code_block", "inline"}
# Lines without a blank one. White space is never gone through twice: of a long line
# that is nothing else, it would take minutes.
STRETCH = re.compile(r"^[^\S\n]*+[^\n]+(?:\n[^\S\n]*+[^\n]+)*", re.MULTILINE)
CELL = re.compile(r"(?:\\[^\n]|[^|\n\\])+")


def clean_prompt(text: str) -> str:
    """Return prose for a prompt: no HTML comments, nothing invisible."""
    text = strip_invisible(text)
    # Replaced by a space, or the pieces around one could join into another.
    return HTML_COMMENT.sub(" ", text)


def clean_code(text: str) -> str:
    """Return code for a prompt: nothing invisible; its comments are its own."""
    return strip_invisible(text)


def clean_line(text: str, *, limit: int = 200) -> str:
    """Return one line of plain text of at most `limit` characters, for a title."""
    line = " ".join(strip_invisible(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def clean_comment(text: str, *, limit: int = COMMENT_LIMIT) -> str:
    """Return Markdown that a GitHub comment may carry, at most `limit` characters.

    Prose is escaped (see `escape_prose`); code spans and blocks stay as they are, save
    for block languages that act and for what would pass as one of our markers. Blocks
    left open are closed. A text that is too long is cut, and says so.
    """
    text = strip_invisible(text)
    cleaned = _clean(text)
    kept = len(text)
    while len(cleaned) > limit:
        # Cutting the source and cleaning again, for a cut in the result could open
        # code and let out what was in it.
        kept = min(kept - 1, kept * (limit - 100) // len(cleaned))
        left_out = len(text) - max(kept, 0)
        note = f"_This text was too long; its last {left_out} characters are left out._"
        cleaned = f"{_clean(text[: max(kept, 0)])}\n\n{note}"
        if kept <= 0:
            return cleaned.strip()[:limit]
    return cleaned


def code_block(text: str, *, language: str = "") -> str:
    """Return a fenced block whose fence is longer than any run of backticks inside."""
    fence = "`" * max(3, _longest_run(text) + 1)
    inside = [MARKER.sub("<! --", text.removesuffix("\n"))] if text else []
    return "\n".join([fence + language, *inside, fence])


def code_span(text: str) -> str:
    """Return inline code that holds any one line of text."""
    text = " ".join(strip_invisible(text).split("\n")) or " "
    text = MARKER.sub("<! --", text)
    fence = "`" * (_longest_run(text) + 1)
    # Markdown takes a space from both ends of a span, unless it is all spaces.
    edges = text[0] in "` " or text[-1] in "` "
    padding = " " if edges and text.strip(" ") else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def suggestion_block(replacement: str) -> str | None:
    """Return a suggestion that GitHub can apply, or None when it must not be offered.

    One with invisible characters is not: showing it would hide what is applied, and
    stripping it would apply something else. Nor is one that holds a marker of ours.
    An empty one deletes the lines.
    """
    replacement = replacement.replace("\r\n", "\n")
    if has_invisible(replacement) or MARKER.search(replacement):
        return None
    return code_block(replacement, language="suggestion")


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _parser() -> MarkdownIt:
    """Return a parser that finds the blocks as GitHub will in the escaped text.

    Raw HTML, autolinks in angles and reference definitions will not be there, and a
    table is a paragraph to it.
    """
    parser = MarkdownIt("commonmark", {"html": False})
    return parser.disable(["reference", "autolink", "html_inline", "html_block"])


def _clean(text: str) -> str:
    parser = _parser()
    text = settled(text, parser)
    lines = text.split("\n")
    code = _Code(text)
    done: list[str] = []
    at = 0
    for token in parser.parse(text):
        if token.type not in BLOCKS or token.map is None or token.map[0] < at:
            continue
        first, last = token.map
        done += code.cleaned(at, first)
        if token.type in {"code_block", "fence"}:
            done += _clean_block(token, lines[first:last])
        else:
            done += code.cleaned(first, last)
        at = last
    done += code.cleaned(at, len(lines))
    return _closed(MARKER.sub("<! --", "\n".join(done)), parser)


class _Code:
    """Cleans prose of a text, save for what is code in it whoever reads it.

    Where something looks like a table, a reader may see one or a paragraph: there only
    what is code in its cell and in the whole stretch without a blank line is code.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(end.end() for end in re.finditer("\n", text))]
        self._doubtful: list[Span] = []
        self._agreed: set[Span] = set()
        for stretch in STRETCH.finditer(text):
            if DELIMITER_ROW.search(stretch[0]):
                self._doubtful.append(stretch.span())
                cells = CELL.finditer(text, *stretch.span())
                inside = {
                    one for cell in cells for one in code_spans(text, *cell.span())
                }
                self._agreed |= inside & set(code_spans(text, *stretch.span()))

    def cleaned(self, first: int, last: int) -> list[str]:
        """Return lines from one number to another, as prose that does nothing."""
        if first >= last:
            return []
        start = self._starts[first]
        end = self._starts[last] - 1 if last < len(self._starts) else len(self._text)
        spans = [
            (a - start, b - start)
            for a, b in code_spans(self._text, start, end)
            if (a, b) in self._agreed or not self._doubts(a)
        ]
        return escape_prose(self._text[start:end], spans).split("\n")

    def _doubts(self, at: int) -> bool:
        place = bisect.bisect_right(self._doubtful, at, key=lambda span: span[0]) - 1
        return place >= 0 and at < self._doubtful[place][1]


def _clean_block(token: Token, lines: list[str]) -> list[str]:
    if token.type == "code_block":
        return lines
    opening, *rest = lines
    before = opening[: opening.index(token.markup) + len(token.markup)]
    return [before + _language(token.info), *rest]


def _language(info: str) -> str:
    language = (info.split() or [""])[0]
    honest = LANGUAGE.fullmatch(language) and language.lower() not in ACTING
    return language if honest else ""


def _closed(text: str, parser: MarkdownIt) -> str:
    """Close a code block left open, which would swallow what our template adds."""
    tokens = parser.parse(f"{text}\n\nend")
    open_block = next((last for last in tokens[-1:] if last.type == "fence"), None)
    return f"{text}\n{open_block.markup}" if open_block else text

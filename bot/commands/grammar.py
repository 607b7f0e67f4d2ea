"""Finds the command in a comment as GitHub would show it; pure.

A command stands at the beginning of a line. What is shown as quoted or as code, or is
not shown at all (an HTML comment), is no command.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.naming import PREFIX

# GitHub accepts no longer comment, so nothing is cut from one that came from there.
MOST_BODY_CHARS = 65_536
MOST_WORD_CHARS = 40
ENDINGS = ".,:;!?"
NEWLINE = re.compile(r"\r\n?|\n")


class Verb(StrEnum):
    """What nofx can be asked to do."""

    HELP = "help"
    STATUS = "status"
    PREFERENCES = "preferences"
    EXPLAIN = "explain"
    DISPUTE = "dispute"
    RCA = "rca"
    REVIEW = "review"
    RERUN = "rerun"
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    BRANCH = "branch"
    ASK = "ask"
    APPROVE = "approve"
    REJECT = "reject"
    WAIVE = "waive"
    RETRY = "retry"
    DISMISS = "dismiss"
    RESOLVE = "resolve"
    REMEMBER = "remember"
    FORGET = "forget"


HELP: Mapping[Verb, str] = {
    Verb.HELP: "show this list",
    Verb.STATUS: "say where the review of this pull request stands",
    Verb.PREFERENCES: "list what is remembered, here and for the whole repository",
    Verb.EXPLAIN: "say what a finding rests on, and what became of it:"
    " `explain 1a2b3c4d`",
    Verb.DISPUTE: "say that a finding is wrong, and why: `dispute 1a2b3c4d …`; it stops"
    " the change until somebody with write access has decided",
    Verb.RCA: "say why the last review came out as it did, with all that it left",
    Verb.REVIEW: "review the current commit, also while it is a draft; `review full`"
    " asks everything anew, also what was answered before",
    Verb.RERUN: "run the review of the current commit again, or from a step or a"
    " checkpoint on, or with another model: `rerun --from verify --model rules`",
    Verb.CANCEL: "stop the review that is under way",
    Verb.PAUSE: "put the review that is under way aside: `pause until Monday`",
    Verb.RESUME: "let a review go on that was put aside",
    Verb.BRANCH: "try the review again from a checkpoint, without a word here:"
    " `branch cp_…`",
    Verb.ASK: "ask the language model about this change: `ask who calls this?`",
    Verb.APPROVE: "let this commit through a gate that asks: `approve approval`",
    Verb.REJECT: "stop this commit at a gate that asks, and why: `reject approval …`",
    Verb.WAIVE: "overrule a gate for this commit, and why: `waive static_analysis …`",
    Verb.RETRY: "let the gates that failed judge again",
    Verb.DISMISS: "put a finding aside for good, and why: `dismiss 1a2b3c4d …`",
    Verb.RESOLVE: "say that a finding is done with: `resolve 1a2b3c4d …`",
    Verb.REMEMBER: "remember what you want of reviews: `remember prefer dataclasses`,"
    " `remember --repository width=88`",
    Verb.FORGET: "erase what is remembered, by its number: `forget 3`,"
    " `forget --all --repository`",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A known verb and what follows: a step, a gate or finding, a reason, a wish."""

    verb: Verb
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A word after /nofx that is no verb, cut to 40 characters and untrusted."""

    word: str


def parse_command(body: str) -> Command | Unknown | None:
    """Return the first command in a comment's Markdown, or None when it has none.

    Letter case, line ends and a full stop behind the verb do not matter; /nofx alone
    asks for help.
    """
    if PREFIX not in body.lower():
        return None
    for line in _lines(body[:MOST_BODY_CHARS]):
        words = line.split()
        if words and words[0].lower() == PREFIX:
            return _command(words[1:])
    return None


def _command(words: Sequence[str]) -> Command | Unknown:
    if not words:
        return Command(verb=Verb.HELP)
    word = words[0].lower().rstrip(ENDINGS)
    if word not in set(Verb):
        return Unknown(word=words[0][:MOST_WORD_CHARS])
    return Command(verb=Verb(word), arguments=tuple(words[1:]))


def _lines(body: str) -> Iterator[str]:
    """Yield the lines that begin with plain text in the source as on the page.

    A backslash or an entity at the beginning is not plain: whoever escapes a slash does
    not mean a command. What the next line makes of a line (a heading, by a signature's
    dashes) does not matter.
    """
    source = NEWLINE.split(body)
    quotes = 0
    for token in MarkdownIt("commonmark").disable("text_join").parse(body):
        if token.type in {"blockquote_open", "blockquote_close"}:
            quotes += token.nesting
        if token.type == "inline" and quotes == 0 and token.map is not None:
            start = source[token.map[0]].lstrip().lower()
            for place, line in enumerate(_split(token.children or [])):
                # The first line may follow the mark of a list or a heading.
                if place > 0 or start.startswith(PREFIX):
                    yield line


def _split(children: Sequence[Token]) -> Iterator[str]:
    """Yield the lines of a paragraph as text; empty for one that begins otherwise."""
    line: list[Token] = []
    for child in [*children, Token("softbreak", "br", 0)]:
        if child.type in {"softbreak", "hardbreak"}:
            plain = bool(line) and line[0].type == "text"
            yield "".join(part.content for part in line) if plain else ""
            line = []
        elif child.type != "text" or child.content:
            line.append(child)

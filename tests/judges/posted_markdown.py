"""Judges posted Markdown by a real parser: what acts in it and is not ours."""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.commands.grammar import parse_command

OURS = re.compile(
    r"(?:</?(?:sub|details|summary)>|<!-- nofx:[A-Za-z0-9_:./-]+ -->|\s"
    r"|What was not reviewed, and why"
    r"|What changes, in [0-9]+ files?, as the model tells it)*"
)
CALL = re.compile(
    r"(?<![\w`/])@[A-Za-z0-9][\w/-]*|(?<!\w)#[0-9]+\b|\bGH-[0-9]+|\w/\w+#[0-9]"
)
SLASH = re.compile(r"\s*/[a-z]", re.IGNORECASE)
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
ACTING = {"mermaid", "math", "geojson", "topojson", "stl"}


def acting(text: str) -> list[str]:
    """Return what a text at GitHub does beyond being read; empty for a good one."""
    command = parse_command(text)
    orders = [f"a command: {command}"] if command is not None else []
    orders += [f"a slash command: {line}" for line in _prose(text) if SLASH.match(line)]
    return [*orders, *(fault for token in _all(text) for fault in _faults(token))]


def suggestions(text: str) -> list[str]:
    """Return the code of the suggestions that a text offers."""
    fences = [one for one in _all(text) if one.type == "fence"]
    return [one.content for one in fences if one.info.strip() == "suggestion"]


def html_of(text: str) -> list[str]:
    """Return all raw HTML in a text, in order."""
    return [
        one.content for one in _all(text) if one.type in {"html_inline", "html_block"}
    ]


def _all(text: str) -> Iterator[Token]:
    for token in PARSER.parse(text):
        yield token
        yield from _below(token)


def _below(token: Token) -> Iterator[Token]:
    for child in token.children or ():
        yield child
        yield from _below(child)


def _faults(token: Token) -> Iterator[str]:
    match token.type:
        case "image":
            yield f"an image: {token.attrs}"
        case "html_inline" | "html_block" if not OURS.fullmatch(token.content):
            yield f"raw HTML: {token.content[:200]}"
        case "link_open" if not _plain_link(token):
            yield f"a link: {token.attrs}"
        case "fence" if token.info.strip().lower() in ACTING:
            yield f"a block that acts: {token.info}"
        case "text" if found := CALL.search(token.content):
            yield f"a call: {found[0]}"
        case _:
            pass


def _plain_link(token: Token) -> bool:
    return set(token.attrs) == {"href"} and bool(
        re.match(r"https?://", str(token.attrs["href"]))
    )


def _prose(text: str) -> Iterator[str]:
    """Yield the source lines that are no code: other bots read the source alone."""
    lines = text.split("\n")
    for token in PARSER.parse(text):
        if token.type == "inline" and token.map is not None:
            yield from lines[slice(*token.map)]

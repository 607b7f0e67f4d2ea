"""Makes text from outside safe to show on a terminal and in a log."""

import re

# Controls, bidirectional and zero-width characters, tags, and halves of characters.
HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
# Where Python keeps the bytes 0x80 to 0xff that were not UTF-8.
BYTES = range(0xDC80, 0xDD00)
LAST_BYTE = 0xFF
ENDING_IN_Y = re.compile(r"(?<![aeiou])y\Z")


def visible(text: str) -> str:
    r"""Return the text with every hidden or commanding character spelled out.

    Escape sequences, carriage returns and bidirectional marks appear as `\x1b` or
    `<U+202E>`; undecodable bytes as `\xff`. Tabs and line feeds stay, CRLF becomes LF.
    A runner's old command sign, `##[`, is broken up.
    """
    text = HIDDEN.sub(_spell, text.replace("\r\n", "\n"))
    return text.replace("##[", "##\\[")


def one_line(text: str) -> str:
    """Return `visible` text with its white space made single blanks."""
    return " ".join(visible(text).split())


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, for example `1 hunk`, `2 hunks` or `2 replies`."""
    return f"{number} {noun if number == 1 else ENDING_IN_Y.sub('ie', noun) + 's'}"


def _spell(match: re.Match[str]) -> str:
    """Name one character."""
    code = ord(match[0])
    if code in BYTES:
        code -= 0xDC00
    return f"\\x{code:02x}" if code <= LAST_BYTE else f"<U+{code:04X}>"

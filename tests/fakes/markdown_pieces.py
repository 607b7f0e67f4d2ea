"""Markdown that acts, in pieces that can complete each other."""

import re

from hypothesis import strategies as st

PIECES = [
    *("<", ">", "&", ";", "#", "@", "!", "[", "]", "(", ")", ":", "/", "\\", "`", "``"),
    *("```", "~~~", "|", "\n", "\n\n", " ", "    ", "\t", "> ", "- ", "1. ", "*", "_"),
    *("<!-- ", "-->", "nofx", "<img src=x>", "<b>", "</b>", "<https://a.example>"),
    *("![a](https://a.example/b.png)", "[a](https://a.example)", "[a]: x", "![a][b]"),
    *("[a](javascript:x)", '[a](https://a.example "t")', "https://a.example/b?c=1&d=2"),
    *(
        "www.a.example",
        "@octocat",
        "#12",
        "GH-7",
        "a@b.example",
        "ftp://a.example",
        "/nofx rerun",
    ),
    *("&#64;", "&#x40;", "&commat;", "&lt;", "&amp;", "&#8203;", "&#97;", "&NewLine;"),
    *("&sol;", "&bogus;", "&#0;", "&nbsp;", "\u200b", "\u202e", "\U000e0041", "\ud800"),
    *("```suggestion\n", "```mermaid\n", "|a|b|\n|-|-|\n", "---\n", "x", "é", "7"),
]
# What can be a table, or can look like one, with code that may end with a cell.
TABLES = ["`", "``", "|", "\n", "|a|b|\n|-|-|\n", "|-|-|\n", "-|-\n", " | ", "\\|"]
TABLES += ["@octocat", "<img src=x>", "![a](https://a.example/b.png)", "x", " ", "> "]
markdown = st.one_of(
    st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=14),
    st.lists(st.sampled_from(TABLES), max_size=18),
).map("".join)
MENTION = re.compile(r"@[A-Za-z0-9]")

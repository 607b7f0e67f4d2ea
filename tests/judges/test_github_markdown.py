"""GitHub's own reader of Markdown, cmark-gfm, sees nothing act in a comment of ours."""

import re
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options
from hypothesis import example, given, settings
from typing_extensions import override

from core.review.sanitize import ACTING, clean_comment
from tests.fakes.markdown_pieces import MENTION, markdown

# Raw HTML and odd addresses are shown as they come, so that none is missed.
AS_IT_COMES = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
WRITTEN = {
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre"),
    *("code", "em", "strong", "del", "hr", "br", "a", "table", "thead", "tbody", "tr"),
    *("th", "td", "input", "section", "sup"),
}
HONEST = re.compile(r"https?://|#fn")


class Reader(HTMLParser):
    """Notes what acts in a page that cmark-gfm has written."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.acts: list[str] = []
        self._code = 0

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._code += tag in {"code", "pre"}
        if tag not in WRITTEN or (tag == "input" and given.get("type") != "checkbox"):
            self.acts.append(f"<{tag}>")
        if tag == "a" and not HONEST.match(given.get("href") or ""):
            self.acts.append(f"a link to {given.get('href')}")
        if tag == "a" and "title" in given:
            self.acts.append("a hidden title")
        if tag == "pre" and given.get("lang") in ACTING:
            self.acts.append(f"a block of {given['lang']}")

    @override
    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in {"code", "pre"}

    @override
    def handle_comment(self, data: str) -> None:
        self.acts.append("a comment")

    @override
    def handle_data(self, data: str) -> None:
        if not self._code and (found := MENTION.search(data)):
            self.acts.append(found[0])


@given(markdown)
@settings(max_examples=600, deadline=None)
@example("`|a|b|\n|-|-|\n`@octocat`|a|b|\n|-|-|\n`@octocat")
@example("| `a | @octocat` |\n|-|-|\n| `b | <img src=x>` |")
@example("`` `a` `@octocat`")
@example("https://a.example`<img src=x>`")
@example("<https://a.example>`<img src=x>`")
@example("www.a.example/`@octocat`")
@example("<https://a.example>\xa0`<[a](javascript:x)`")
@example("xhttps://a.example/b?c=ftp://a.example")
@example("7ftp://a.example")
@example("a `b\n\n- c` @octocat\n  1. `x")
@example("`a\n<div>@octocat <img src=x></div>\n`")
@example("`a\n<!-- `")
@example("> `a\n> <script>@octocat\n> `")
@example("```@octocat\n[^1]: ```")
@example("```|>\n-|-\n```\n@octocat <img src=x>")
@example("> ```|>\n-|-\n> ```\n@octocat")
@example("`\n-|-\n-|-\n2. ```\n   @octocat <img src=x>")
@example("a|b\n-|-\n===\nc\n2. ```\n   y\n\n```\n@octocat")
@example(">|-\n-|-\n\t@octocat")
@example("a|b\n-|-\nc\n    x\n2. ```\n   y\n\n```\n@octocat")
def test_nothing_in_a_comment_acts_at_github(text: str) -> None:
    """No image, raw HTML, hidden title, other scheme, mention or drawn block."""
    reader = Reader()
    cleaned = clean_comment(text)
    page = cmarkgfm.github_flavored_markdown_to_html(cleaned, AS_IT_COMES)
    reader.feed(page)
    reader.close()
    assert reader.acts == [], page
    page = cmarkgfm.github_flavored_markdown_to_html(f"{cleaned}\n\nOurs.", AS_IT_COMES)
    assert re.search(r"^<p>Ours\.</p>$", page, re.MULTILINE), page

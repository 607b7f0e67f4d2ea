"""Whatever a run's history says, it has a cause, and its report can only be read."""

import re
from itertools import chain

from hypothesis import given, settings
from markdown_it import MarkdownIt

from core.rca.analysis import analyse
from core.rca.causes import RULES
from core.rca.report import markdown
from core.rca.story import Story
from tests.fakes.rca_any import WORDS, stories

ACTING = {"image", "html_inline", "html_block"}
MENTION = re.compile(r"@[A-Za-z0-9]")


@given(stories())
@settings(max_examples=60, deadline=None)
def test_every_story_has_a_cause(story: Story) -> None:
    """At least one, with a name, a sentence of one line, and events that are there."""
    analysis = analyse(story)
    assert analysis.causes
    ids = {one.id for one in (*story.told, *story.left)}
    for cause in analysis.causes:
        assert cause.name in {*RULES, "unknown", "nothing_failed"}
        assert cause.sentence.strip()
        assert "\n" not in cause.sentence
        assert {one.event_id for one in cause.evidence} <= ids | {""}
    named = [cause.name for cause in analysis.causes]
    assert len(named) == len(set(named))


@given(stories())
@settings(max_examples=40, deadline=None)
def test_the_same_story_has_the_same_report(story: Story) -> None:
    """To the byte, however often it is told."""
    reports = {markdown(story, analyse(story)) for _ in range(2)}
    assert len(reports) == 1


@given(stories(), WORDS)
@settings(max_examples=60, deadline=None)
def test_nothing_in_a_report_acts(story: Story, words: str) -> None:
    """No raw HTML, image, mention or strange address, whoever chose the words."""
    report = markdown(story, analyse(story), errors=[(words, words)])
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(report)
    inside = chain.from_iterable(token.children or () for token in tokens)
    for token in [*tokens, *inside]:
        assert token.type not in ACTING
        if token.type == "link_open":
            assert re.match(r"https?://", str(token.attrs["href"]))
        if token.type == "text":
            assert not MENTION.search(token.content)
    report.encode()


@given(stories())
@settings(max_examples=40, deadline=None)
def test_the_first_screen_has_cause_and_next_action(story: Story) -> None:
    """All of it stands within forty lines."""
    screen = markdown(story, analyse(story)).split("\n")[:40]
    assert "## Probable cause" in screen
    assert "## Next" in screen
    assert screen[screen.index("## Next") + 2].strip()

"""The report as one page: the cause first, nothing that runs or is fetched."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from typing_extensions import override

from core.events.schema import StepFinished
from core.rca.cause import NOTHING_FAILED, Changed
from core.rca.html import page
from core.rca.html_parts import Folded, prose, safe, span
from core.rca.story import StepEnd, Told
from tests.fakes.told import HOSTILE, failed_analysis, failed_story, long_story

VOID = frozenset({"meta", "rect", "br"})
# What loads, runs or leads elsewhere.
ACTING = frozenset({"script", "img", "link", "iframe", "object", "embed", "a", "form"})


class Seen(HTMLParser):
    """What a browser finds in a page: its elements in order, and all text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    @override
    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def seen(text: str) -> Seen:
    """Read a page as a browser does, and find every element closed in its place."""
    found = Seen()
    found.feed(text)
    found.close()
    assert found.open == []
    return found


def shown(**more: Any) -> str:
    """Return the page of the failed run."""
    return page(failed_story(), failed_analysis(), **more)


def test_the_first_screen_says_outcome_cause_action_and_evidence() -> None:
    """In this order, before anything else."""
    text = seen(shown()).text
    analysis = failed_analysis()
    cause = analysis.causes[0]
    wanted = [
        analysis.outcome,
        cause.sentence,
        "certain",
        cause.next_action,
        "entry 38 · run/",
        "bot/github/wire.py:88",
        "logs/merged.ndjson:212",
        "What changed since",
        "nofx/0.0.9",
        "Also found",
        "Steps",
        "Timeline: 2 min 52 s",
    ]

    found = [text.index(one, text.index("octo/hello#7 at")) for one in wanted]
    assert found == sorted(found)


def test_nothing_runs_and_nothing_is_fetched() -> None:
    """No element that acts, no address, no handler; the page forbids them itself."""
    text = shown(parts=[Folded(title="diff", text="+a\n-b\n@@ c\n d")])
    found = seen(text)

    assert not ACTING & set(found.tags)
    assert not re.search(r"url\(|@import|https?:", text)
    names = {name for name, _ in found.attributes}
    assert not {one for one in names if one.startswith("on")} | names & {"style", "src"}
    policies = [value or "" for name, value in found.attributes if name == "content"]
    style = text[text.index("<style>") + 7 : text.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policies[0] == f"default-src 'none'; style-src 'sha256-{digest}'"


def test_what_others_wrote_is_text_wherever_it_stands() -> None:
    """Titles, summaries, causes, diffs: markup and commands become letters."""
    story = failed_story()
    hostile_step = StepEnd(
        step=HOSTILE, status=HOSTILE, summary=HOSTILE, digest=HOSTILE, seconds=1
    )
    subject = replace(story.run.subject, repository=HOSTILE, requested_by=HOSTILE)
    setup = replace(story.setup, model=HOSTILE, programs=(HOSTILE,))
    told = failed_analysis()
    evidence = tuple(
        replace(one, words=HOSTILE, place=HOSTILE) for one in told.causes[0].evidence
    )
    cause = replace(
        told.causes[0],
        name=HOSTILE,
        sentence=HOSTILE,
        next_action=HOSTILE,
        evidence=evidence,
    )
    text = page(
        replace(
            story,
            run=replace(story.run, subject=subject, id=HOSTILE, superseded_by=HOSTILE),
            steps=(hostile_step,),
            setup=setup,
        ),
        replace(
            told,
            outcome=HOSTILE,
            causes=(cause, cause),
            timeline=tuple(replace(one, words=HOSTILE) for one in told.timeline),
            changed=(Changed(what=HOSTILE, before=HOSTILE, after=HOSTILE),),
            against=HOSTILE,
        ),
        parts=[Folded(title=HOSTILE, text=HOSTILE, member=HOSTILE)],
        missed=((HOSTILE, HOSTILE),),
        made_by=HOSTILE,
    )

    assert set(seen(text).tags) == set(
        seen(shown(parts=[Folded(title="", text="+")], missed=[("x", "y")])).tags
    )
    assert not {"\x1b", "\u202e"} & set(text)
    assert text.count("<script") == 0
    assert "&lt;script&gt;" in text


def test_a_long_run_stays_a_page_that_opens() -> None:
    """What is notable and the ends are shown, and how much is not."""
    story, analysis = long_story(20_000)
    diffs = [Folded(title=f"{at}", text="+x\n" * 5000, member="d") for at in range(90)]

    text = page(story, analysis, parts=diffs)

    assert len(text) < 1_500_000
    found = seen(text).text
    assert "asked piece 0" in found
    assert "waited piece 19999" in found
    assert f"{20_000 - 300 + 180_000:,} more are in analysis/timeline.json" in found
    assert "4,601 more lines; all of it is in d." in found
    assert "30 more are in diffs/." in found


def test_what_could_not_be_read_is_told() -> None:
    """Else nobody knew that the causes were found without it."""
    story = replace(failed_story(), gaps=("the log of step <x>",))
    assert "the log of step <x>" in seen(page(story, failed_analysis())).text


def test_the_same_story_is_the_same_page() -> None:
    """Nothing of the place and the hour where it is made is in it."""
    assert shown() == shown()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 ms"),
        (0.0124, "12 ms"),
        (1, "1.0 s"),
        (99.94, "99.9 s"),
        (100, "1 min 40 s"),
        (172, "2 min 52 s"),
        (3599.7, "1 h"),
        (7500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
        (-1, "0 ms"),
    ],
)
def test_a_span_is_said_as_people_say_it(seconds: float, words: str) -> None:
    """The largest unit and the next smaller one."""
    assert span(seconds) == words


def test_what_is_to_be_typed_is_set_as_code() -> None:
    """Between backticks, and still nothing but text."""
    assert prose("do `nofx <b>` now") == "do <code>nofx &lt;b&gt;</code> now"
    assert prose("a ` b") == "a ` b"


def test_a_step_that_failed_says_its_error() -> None:
    """Where it has no summary of its own."""
    story = failed_story()
    ended = StepFinished(
        subject="publish",
        transition="fail",
        from_="running",
        to="failed",
        error="refused with 422",
    )
    told = Told(id="run/x:1.0", seq=1, time=story.as_of, writer="w", event=ended)
    silent = tuple(replace(one, summary="") for one in story.steps)

    text = page(replace(story, told=(told,), steps=silent), failed_analysis())
    assert "refused with 422" in seen(text).text


def test_a_long_text_is_cut_before_it_is_escaped() -> None:
    """No entity is cut in two."""
    assert safe("<" * 10, 3) == "&lt;&lt;&lt;…"


def test_a_run_in_which_nothing_failed_is_not_shown_in_red() -> None:
    """Who opens its page sees from afar that there is nothing to do."""
    failed, fine = failed_analysis(), failed_analysis()
    nothing = replace(fine.causes[0], name=NOTHING_FAILED)
    fine = replace(fine, causes=(nothing,))
    assert 'class="card cause error"' in page(failed_story(), failed)
    assert 'class="card cause good"' in page(failed_story(), fine)

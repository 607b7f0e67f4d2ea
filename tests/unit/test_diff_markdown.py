"""A difference in Markdown: all of it is there, and nothing in it breaks out."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.checkpoints.diff.answer import change_json, comparison_json
from core.checkpoints.diff.comparison import (
    Artifact,
    ArtifactDiff,
    Comparison,
    RunComparison,
    Side,
    StepComparison,
)
from core.checkpoints.diff.difference import difference
from core.checkpoints.diff.markdown import (
    code,
    comparison_markdown,
    fenced,
    runs_markdown,
)
from core.checkpoints.diff.model import Change, DiffRules
from core.checkpoints.diff.wording import visible
from tests.fakes.clock import NOON

GITHUB = MarkdownIt("gfm-like", {"linkify": False})
TICKS = st.text(alphabet="`~a \n#<>[]()|*_\\&!@\u202e", max_size=40)
OURS = ("details", "/details", "summary", "/summary")
BEFORE = Side(
    run_id="run_1",
    checkpoint_id="cp_1",
    kind="before",
    step="review",
    seq=4,
    time=NOON,
    digest="sha256:" + "a" * 64,
    pipeline="review",
)
AFTER = replace(BEFORE, checkpoint_id="cp_2", kind="after", digest="sha256:" + "b" * 64)


def comparison(before: Any, after: Any, **more: Any) -> Comparison:
    """Compare two states as they are."""
    rules = DiffRules(noise=("/seconds",))
    state = difference(before, after, rules=rules)
    return Comparison(before=BEFORE, after=AFTER, state=state, **more)


def tokens(text: str) -> list[Token]:
    """Return what GitHub would see in a text, inner parts too."""
    found = GITHUB.parse(text)
    return [one for token in found for one in (token, *(token.children or []))]


def tags(text: str) -> set[str]:
    """Return the tags that stand as HTML in a text."""
    html = "".join(
        one.content for one in tokens(text) if one.type in ("html_block", "html_inline")
    )
    return {part.split(">")[0].split()[0] for part in html.split("<")[1:]}


@given(TICKS)
def test_a_code_span_holds_any_line(text: str) -> None:
    """It is one span, with the text as it can be seen."""
    inline = [one for one in tokens(f"x {code(text)} y") if one.type == "code_inline"]
    wanted = visible(text).replace("\n", "\\n")
    assert [one.content.strip() for one in inline] == [wanted.strip()]


@given(TICKS)
def test_a_fence_holds_any_text(text: str) -> None:
    """It is one block, with every line."""
    (block,) = [one for one in tokens(fenced(text, "diff")) if one.type == "fence"]
    assert block.content == visible(text).removesuffix("\n") + "\n"


@given(st.dictionaries(TICKS, TICKS, max_size=3), st.dictionaries(TICKS, TICKS))
def test_nothing_in_two_states_becomes_markup(before: Any, after: Any) -> None:
    """No tag but ours, no link, no picture, no heading but ours."""
    notes = (" ".join(before),)
    text = comparison_markdown(comparison(before, after, notes=notes))
    assert tags(text) <= set(OURS)
    kinds = {one.type for one in tokens(text)}
    assert not kinds & {"link_open", "image", "table_open"}
    headings = [one for one in tokens(text) if one.type == "heading_open"]
    assert len(headings) == 1
    assert "\u202e" not in text


def test_changes_are_grouped_and_noise_is_folded() -> None:
    """What means nothing is there for who looks."""
    found = comparison(
        {"a": 1, "gone": None, "seconds": 1.0, "words": "one\ntwo\n"},
        {"a": True, "new": "x", "seconds": 2.0, "words": "one\n2\n"},
    )
    text = comparison_markdown(found)
    shown, folded = text.split("<details>")
    assert "**2 changed, 1 added, 1 removed, 1 of noise.**" in shown
    assert "- `/a`: `1` → `true`" in shown
    assert '- `/new`: `"x"`' in shown
    assert "- `/gone`: `null`" in shown
    assert "  -two\n  +2\n  ```" in shown
    assert "- `/seconds`: `1.0` → `2.0`" in folded
    assert "seconds" not in shown


def test_what_is_the_same_is_said() -> None:
    """A reader must not wonder whether something is missing."""
    assert "**Nothing differs.**" in comparison_markdown(comparison({"a": 1}, {"a": 1}))
    noise = comparison({"seconds": 1}, {"seconds": 2})
    assert "**Nothing but noise differs: 1 of noise.**" in comparison_markdown(noise)


def test_artifacts_are_told_by_what_they_are() -> None:
    """Bytes by digest and size, texts by their lines, the lost by why they are."""
    digest = "sha256:" + "c" * 64
    one = Artifact(digest=digest, size=3)
    found = comparison(
        {},
        {},
        artifacts=(
            ArtifactDiff(
                name="raw", path="/raw_blob", form="binary", before=one, after=None
            ),
            ArtifactDiff(
                name="words",
                path="/words_blob",
                form="text",
                before=one,
                after=one,
                text="@@ -1 +1 @@\n-```\n+b",
                truncated=("3 more lines of the text",),
            ),
            ArtifactDiff(
                name="lost",
                path="/lost_blob",
                form="unknown",
                before=one,
                after=Artifact(digest=digest, lost="redacted"),
            ),
        ),
    )
    text = comparison_markdown(found)
    assert "`raw`: removed, cccccccccccc of 3 bytes" in text
    assert "````diff\n@@ -1 +1 @@\n-```\n+b\n````" in text
    assert "`lost`: changed, cccccccccccc of 3 bytes → cccccccccccc (redacted)" in text
    assert "- words: 3 more lines of the text" in text


def test_what_was_redacted_shows_no_value() -> None:
    """Not even the half that was not masked."""
    found = comparison({"a": "[masked:token]"}, {"a": "s3cret"})
    assert "- `/a`: changed, redacted" in comparison_markdown(found)
    assert "s3cret" not in comparison_markdown(found)


def test_runs_are_told_step_by_step() -> None:
    """With the first divergence behind them, one heading lower."""
    found = RunComparison(
        before="run_1",
        after="run_2",
        steps=(
            StepComparison(step="read", status="same", noise=2),
            StepComparison(step="think", status="differs", changes=1),
            StepComparison(step="say", status="only_before"),
        ),
        first=comparison({"a": 1}, {"a": 2}),
    )
    text = runs_markdown(found)
    assert "- `read`: the same, 2 of noise" in text
    assert "- `think`: differs, 1 change" in text
    assert "- `say`: only in the first" in text
    assert "## The first divergence" in text


def test_null_is_a_value_and_absence_has_no_field() -> None:
    """In JSON the two must not look alike."""
    added = change_json(Change(path="/a", kind="added", after=None))
    assert "before" not in added
    assert added["after"] is None
    told = comparison_json(comparison({"a": 1}, {"a": None}))
    assert told["operations"][-1] == {"op": "replace", "path": "/a", "value": None}
    assert (told["same"], told["counts"]["changed"]) == (False, 1)

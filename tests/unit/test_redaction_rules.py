"""What a redaction takes out: pure, so tried on whatever can be thought of."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import RedactionTargetError
from core.memory.model import JSON, Facts, Item, Kind, Source
from core.memory.redaction_rules import (
    MARKS,
    MOST_TEXTS,
    MessageTarget,
    PatternTarget,
    SpanTarget,
    bucket,
    named,
    needles_of,
    spread,
    without,
)
from core.memory.texts import texts_of

ID = "red_01hxqg5t0kc8f2v7w3m9b4n6ry"
TEXTS = st.text(min_size=1, max_size=40)
VALUES = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=8,
)


def item(content: JSON | None, seq: int = 1, *lineage: int) -> Item:
    """Return an item; one with a lineage is a summary."""
    facts = Facts(
        session_id="session_1",
        seq=seq,
        kind=Kind.SUMMARY if lineage else Kind.MESSAGE,
        role=None,
        source=Source.API,
        author="ada",
        at=datetime(2026, 1, 5, tzinfo=UTC),
        size=1,
        epoch=0,
        lineage=lineage,
    )
    return Item(facts=facts, content=content)


@given(secret=st.text(min_size=6, max_size=30), around=TEXTS, value=VALUES)
def test_nothing_that_is_cut_holds_what_was_to_go(
    secret: str, around: str, value: object
) -> None:
    """In names, values and numbers, escaped or not; or it goes whole."""
    escaped = json.dumps(secret)[1:-1]
    content = {"text": f"{around}{secret}{around}", secret: value, "more": [escaped]}
    needles = needles_of((secret,), ID)

    left = without(item(content), None, (secret,), needles)

    assert left is None or not any(map(needles.are_in, texts_of(left)))
    if left is not None and secret.strip() == secret and len(secret) >= 6:
        assert secret not in set(texts_of(left))


@given(text=st.text(min_size=1, max_size=60), data=st.data())
def test_a_span_is_cut_exactly(text: str, data: st.DataObject) -> None:
    """Characters are counted, not bytes; what is around it stays."""
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    target = SpanTarget(seq=1, pointer="/a~1b/1", start=start, end=end)
    one = item({"a/b": ["x", text]})

    plan = named(target, [one])
    assert plan.texts == (text[start:end],)
    # Too short for being looked for anywhere else.
    quiet = needles_of((), ID)
    left = without(one, target, plan.texts, quiet)
    mark = MARKS[0].format(id=ID)
    assert left == {"a/b": ["x", text[:start] + mark + text[end:]]}


def test_a_span_that_has_moved_is_found_by_its_text() -> None:
    """Another redaction has put its mark before it."""
    target = SpanTarget(seq=1, pointer="/text", start=3, end=5)
    moved = item({"text": "[redacted:red_1] is pw"})
    left = without(moved, target, ("pw",), needles_of((), ID))
    assert left == {"text": f"[redacted:red_1] is [redacted:{ID}]"}
    gone = item({"other": "pw"})
    assert without(gone, target, ("pw",), needles_of((), ID)) == {"other": "pw"}


@pytest.mark.parametrize("secret", ["redacted", "[redacted:", ID, "█████ removed"])
def test_a_mark_never_holds_what_was_to_go(secret: str) -> None:
    """Else nothing would ever be clean."""
    needles = needles_of((secret, "removed:"), ID)
    assert not needles.are_in(needles.mark)
    left = without(item({"text": f"a {secret} b"}), None, (secret,), needles)
    assert left is not None
    assert secret not in left["text"]


def test_half_a_pair_of_surrogates_is_a_character() -> None:
    """JSON can say it, and UTF-8 cannot."""
    content = {"text": "\ud83d key \ude00"}
    target = PatternTarget(pattern="k.y")
    plan = named(target, [item(content)])
    assert plan.texts == ("key",)
    left = without(item(content), target, plan.texts, needles_of(plan.texts, ID))
    assert left == {"text": f"\ud83d [redacted:{ID}] \ude00"}


@pytest.mark.parametrize("pointer", ["/nothing", "/text/0", "/more/9", "text", "/~"])
def test_a_pointer_that_leads_nowhere_tells_nothing_of_the_content(
    pointer: str,
) -> None:
    """Whoever reads the refusal has not read the item, and the audit says so."""
    content: JSON = {"text": "hunter2hunter2", "more": ["hunter2hunter2"]}
    target = SpanTarget(seq=1, pointer=pointer, start=0, end=1)
    with pytest.raises(RedactionTargetError) as refused:
        named(target, [item(content)])
    assert "hunter2" not in str(refused.value)


def test_summaries_of_what_changed_go_and_of_those_too() -> None:
    """Whether it goes whole, loses a part, or only holds the text."""
    items = [
        item({"text": "secret words"}, 1),
        item({"text": "and secret words"}, 2),
        item({"text": "s"}, 3, 2),
        item({"text": "s"}, 4, 3),
        item({"text": "t"}, 5, 9),
        item(None, 6, 1),
    ]
    plan = named(MessageTarget(seqs=(1,)), items)
    plan = spread(plan, items, needles_of(plan.texts, ID))
    assert (set(plan.cut), set(plan.erased)) == ({2}, {1, 3, 4})


def test_a_message_is_looked_for_by_what_it_says_not_by_what_it_names() -> None:
    """Paths, kinds and ids stand everywhere, and are nobody's secret."""
    content = {
        "text": "short",
        "path": "src/module/file.py",
        "said": ["> quoted words that are long\nshort one"],
    }
    plan = named(MessageTarget(seqs=(1,)), [item(content)])
    assert plan.texts == (
        "short",
        "> quoted words that are long\nshort one",
        "quoted words that are long",
    )


def test_a_pattern_that_matches_too_much_is_refused() -> None:
    """Each match is looked for everywhere."""
    words = item({"text": " ".join(f"word{number}" for number in range(999))})
    with pytest.raises(RedactionTargetError, match=f"more than {MOST_TEXTS}"):
        named(PatternTarget(pattern=r"\w+"), [words])


def test_a_pattern_takes_time_in_proportion_to_the_text() -> None:
    """One at which others take longer than anybody lives."""
    text = item({"text": "a" * 100_000})
    assert named(PatternTarget(pattern="(a+)+$"), [text]).length == 100_000
    assert named(PatternTarget(pattern="(a|a)*b"), [text]).seqs == ()


@pytest.mark.parametrize(
    ("length", "shown"),
    [(1, "1-16"), (16, "1-16"), (17, "17-64"), (5000, "4097-16384")],
)
def test_a_length_is_told_about(length: int, shown: str) -> None:
    """Exact lengths help those who guess."""
    assert bucket(length) == shown
    assert bucket(2**21).endswith("-")


@pytest.mark.parametrize(
    ("pattern", "stays"),
    [("src", True), ("blob", False), ("files", False), ("12", False)],
)
def test_a_tree_of_files_that_is_none_any_more_goes_whole(
    pattern: str, *, stays: bool
) -> None:
    """The next review compares with a tree, or with nothing; never with a wreck."""
    tree = item(
        {
            "files": {"src/app.py": {"blob": "beef", "size": 12}},
            "head_sha": "cafe",
            "left_out": 0,
        }
    )
    tree = replace(tree, facts=replace(tree.facts, kind=Kind.SNAPSHOT))
    target = PatternTarget(pattern=pattern)
    plan = named(target, [tree])

    left = without(tree, target, plan.texts, needles_of(plan.texts, ID))

    assert (left is not None) == stays

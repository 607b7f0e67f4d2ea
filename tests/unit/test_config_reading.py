"""`.github/nofx.yml` is read whatever is in it, and its problems told by line."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from core.review import config as module
from core.review.config import ReviewConfig, published_schema
from core.review.config_reading import (
    LARGEST,
    MOST_PROBLEMS,
    compiler_lines,
    read_config,
)
from core.review.findings import Severity

SCHEMA = Path(module.__file__).with_name("nofx.schema.json")
DEFAULT = ReviewConfig()
WHOLE = """\
review: {model: rules}
thresholds: {severity: warning, confidence: 0.5}
paths:
  include: ["src/**", "!src/old/**"]
  exclude: ["**/*.pb.go"]
path_instructions:
  - {path: "src/db/**", instructions: Look for queries without an index.}
max_comments: 10
gate:
  fail_on: warning
  partial: action_required
  require_approval_for: {paths: [".github/**"], changed_lines: 500, forks: true}
budget: {tokens: 100000, usd: 0.5}
commands: {allow: [review, status]}
incremental: false
drafts: true
labels: {skip: [wip], require: [ready], approve: ok-to-merge}
"""


def test_every_key_is_read() -> None:
    """What a whole file says holds, and it is valid by the published schema."""
    read = read_config(WHOLE.encode())
    assert read.problems == ()
    given = json.loads(read.config.model_dump_json())
    assert given == ReviewConfig.model_validate(yaml.safe_load(WHOLE)).model_dump(
        mode="json"
    )
    unchanged = [name for name in given if getattr(DEFAULT, name) == given[name]]
    assert unchanged == []
    Draft202012Validator(published_schema()).validate(yaml.safe_load(WHOLE))


def test_the_published_schema_is_current() -> None:
    """The file is what the classes say, and every key is described."""
    text = json.dumps(published_schema(), indent=2, sort_keys=True) + "\n"
    assert SCHEMA.read_text() == text, f"write {SCHEMA.name} from published_schema()"
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    for kind in (schema, *schema["$defs"].values()):
        for name, field in kind.get("properties", {}).items():
            assert "description" in field or "$ref" in field or name == "path", name


@pytest.mark.parametrize("content", [None, b"", b"# nothing yet\n", b"null\n", b"{}"])
def test_what_says_nothing_leaves_the_defaults(content: bytes | None) -> None:
    """A file that is absent or empty is no problem."""
    read = read_config(content)
    assert (read.config, read.problems) == (DEFAULT, ())


def test_an_unknown_key_is_named_with_the_nearest_one() -> None:
    """It is passed over and told; the rest holds, and it is no error."""
    read = read_config(b"gate:\n  fial_on: info\n  fail_on: warning\nfuture: 1\n")
    assert read.config.gate.fail_on is Severity.WARNING
    assert not read.broken
    near, far = compiler_lines(read.problems)
    assert near == (
        ".github/nofx.yml:2:3: warning: gate.fial_on: this key is not known and was"
        " ignored; is fail_on meant?"
    )
    assert far.startswith(".github/nofx.yml:4:1: warning: future: this key is not")
    assert "known are review, thresholds" in far


def test_a_wrong_value_leaves_its_default_and_the_rest() -> None:
    """It is told with its line and column, and the key beside it holds."""
    read = read_config(b"max_comments: 99\ndrafts: maybe\nincremental: false\n")
    assert read.config == ReviewConfig(incremental=False)
    assert read.broken
    first, second = compiler_lines(read.problems)
    assert first.startswith(".github/nofx.yml:1:15: error: max_comments: Input should")
    assert second.startswith(".github/nofx.yml:2:9: error: drafts: Input should be")


def test_a_wrong_item_is_told_by_its_own_line() -> None:
    """One bad glob takes its list back to the default; one bad instruction goes."""
    text = (
        b"paths:\n  exclude:\n    - docs/**\n    - '!'\n"
        b"path_instructions:\n- {path: a, instructions: b}\n- {path: c}\n- 7\n"
    )
    read = read_config(text)
    assert read.config.paths.exclude == ()
    assert [one.path for one in read.config.path_instructions] == ["a"]
    assert [(one.line, one.path) for one in read.problems] == [
        (4, "paths.exclude[1]"),
        (7, "path_instructions[1]"),
        (8, "path_instructions[2]"),
    ]


def test_a_key_given_twice_is_an_error() -> None:
    """YAML's last would win in silence; here the first holds, and it is told."""
    read = read_config(b"drafts: true\ndrafts: false\n")
    assert (read.config.drafts, read.broken) == (True, True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: &x [1]\nb: [*x, *x]", "anchors and aliases (& and *) are not read"),
        (b"drafts: !!python/object/apply:os.abort []", "tags (!) are not read"),
        (b"[" * 60_000, "more than 12 levels are not read"),
        (b"{a: " * 13 + b"1" + b"}" * 13, "more than 12 levels are not read"),
        (b"#" * (LARGEST + 1), "more than 65536 bytes"),
        (b"\xff\xfe", "not text in UTF-8"),
        (b"drafts: \x07", "a character has no place in it"),
        (b"drafts: true\n---\ndrafts: false", "it is no YAML: but found another"),
        (b"drafts: [true", "it is no YAML"),
        (b"- drafts", "should be a mapping"),
    ],
)
def test_what_cannot_be_read_leaves_every_default(content: bytes, words: str) -> None:
    """Nothing grows, goes deep or makes objects, and the reason is told."""
    read = read_config(content)
    assert (read.config, read.broken) == (DEFAULT, True)
    assert [words in one.words for one in read.problems] == [True]


def test_the_problems_told_are_bounded() -> None:
    """Who gives a thousand wrong keys is told of fifty, errors first."""
    keys = "".join(f"x{number}: 1\n" for number in range(1000))
    read = read_config(f"{keys}drafts: maybe\n".encode())
    assert len(read.problems) == MOST_PROBLEMS + 1
    assert read.problems[0].path == "drafts"
    assert read.problems[-1].words == "and 951 more"


@given(st.binary(max_size=200))
def test_any_bytes_are_read(content: bytes) -> None:
    """There is a configuration, whatever the file holds."""
    read = read_config(content)
    stored = read.config.model_dump(mode="json")
    assert ReviewConfig.model_validate(stored) == read.config
    assert len(list(compiler_lines(read.problems))) == len(read.problems)


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["error", "info", "docs/**", "!", "rules", "neutral"])
)
NAMES = st.sampled_from(
    [
        *ReviewConfig.model_fields,
        *("include", "exclude", "path", "instructions", "fail_on", "partial"),
        *("require_approval_for", "paths", "forks", "allow", "skip", "model", "usd"),
    ]
)
LEVEL = st.dictionaries(NAMES, LEAVES | st.lists(LEAVES, max_size=2), max_size=3)
TREES = LEAVES | st.lists(LEAVES | LEVEL, max_size=3) | LEVEL


@given(st.dictionaries(NAMES, TREES, max_size=6))
def test_any_tree_is_read_and_no_error_makes_it_laxer(tree: dict[str, Any]) -> None:
    """What is wrong leaves the default of its key, and then the check is never green.

    So each key that an error names is as it is by default.
    """
    read = read_config(yaml.safe_dump(tree, allow_unicode=False).encode())
    again = ReviewConfig.model_validate(read.config.model_dump(mode="json"))
    assert again == read.config
    for problem in read.problems:
        assert problem.line >= 1
        if problem.error and problem.path in ReviewConfig.model_fields:
            held = getattr(read.config, problem.path)
            assert held == getattr(DEFAULT, problem.path), problem
            assert read.broken

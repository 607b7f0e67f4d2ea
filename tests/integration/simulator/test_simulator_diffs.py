"""The simulator's own reading of git's diffs, tried on random changes."""

import difflib
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.simulator.diffs import moved, read_files, read_hunks
from tests.fakes.git_repository import GitRepository

WORDS = st.lists(st.sampled_from("abcdefgh"), max_size=40)
CONTEXT = 3
ODD = ("a", "b c", "ä", '"q"', "x\ty", "n\nl")


def diff(old: list[str], new: list[str], context: int = CONTEXT) -> bytes:
    """Return a unified diff of two lists of lines, without file headers."""
    made = list(difflib.unified_diff(old, new, n=context, lineterm=""))
    return "\n".join(made[2:]).encode()


@given(old=WORDS, new=WORDS)
def test_a_line_is_in_the_diff_when_it_changed_or_stands_near(
    old: list[str], new: list[str]
) -> None:
    """Hunks hold each line under its own number, with its own text."""
    hunks = list(read_hunks(diff(old, new)))
    for side, texts in (("LEFT", old), ("RIGHT", new)):
        for number, text in enumerate(texts, start=1):
            for hunk in hunks:
                line = hunk.find(side, number)
                if line is not None:
                    assert line.text[1:].decode() == text
    left = {line.old for hunk in hunks for line in hunk.lines if line.old}
    right = {line.new for hunk in hunks for line in hunk.lines if line.new}
    matcher = difflib.SequenceMatcher(a=old, b=new)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            assert set(range(i1 + 1, i2 + 1)) <= left
            assert set(range(j1 + 1, j2 + 1)) <= right


@given(old=WORDS, new=WORDS)
def test_an_unchanged_line_is_found_again_and_a_changed_one_is_not(
    old: list[str], new: list[str]
) -> None:
    """By a diff without context, as after a push."""
    patch = diff(old, new, context=0)
    matcher = difflib.SequenceMatcher(a=old, b=new)
    for tag, i1, i2, j1, _ in matcher.get_opcodes():
        for at in range(i1, i2):
            expected = j1 + at - i1 + 1 if tag == "equal" else None
            assert moved(patch, at + 1) == expected


@given(
    names=st.sets(st.sampled_from(["a", "b c", "ä", '"q"', "x\ty", "n\nl"]), min_size=1)
)
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_odd_names_keep_their_own_patch(names: set[str], tmp_path: Path) -> None:
    """Whatever git quotes, each file has its own name and its own lines."""
    folder = tmp_path / f"{len(list(tmp_path.iterdir()))}.git"
    repository = GitRepository(folder)
    base = repository.commit({"keep": "x\n"})
    head = repository.commit({name: f"{name!r}\n" for name in names}) or ""
    raw = repository.git("diff", "--raw", "-z", "--no-abbrev", base, head)
    files = read_files(raw, repository.git("diff", base, head))
    assert {file.path for file in files} == names
    for file in files:
        assert file.patch is not None
        assert file.patch.endswith(f"+{file.path!r}".encode())


def test_a_repository_is_the_same_everywhere(tmp_path: Path) -> None:
    """Fixed people and times give fixed names; branches and removals work."""
    repository = GitRepository(tmp_path / "r.git")
    first = repository.commit({"a": "1\n", "b": "2\n"}, "One")
    assert first == "a7270ad9e3238af70fe6a8a9b79ce25e88733652"
    side = repository.commit({"a": None}, "Two", branch="side")
    assert repository.head("side") == side
    assert repository.head("none") is None
    assert repository.git("ls-tree", "--name-only", side) == b"b\n"
    forced = repository.commit({"c": b"\0"}, "Three", branch="side", start=first)
    assert repository.git("rev-parse", "side~1").decode().strip() == first
    assert repository.head("side") == forced
    twin = repository.copied_to(tmp_path / "twin.git")
    assert twin.commit({"d": "4\n"}) != repository.head()

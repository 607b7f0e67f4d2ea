"""In what a line stands, in each language that has a grammar here and in others."""

import pytest

from core.review.hunks import parse_diff
from core.review.prompt.enclosing import enclosing, enclosing_hunk, qualified
from core.review.prompt.showing import head_of

PYTHON = b"""\
import os


class Store:
    @property
    def keep(
        self, item: int
    ) -> int:
        if item:

            return item

    async def drop(self): ...


x = 1
"""
CASES = {
    "a.js": (
        b"class A {\n  m(a) {\n    return a;\n  }\n}\nconst f = (b) => {\n  b();\n};\n",
        {3: "A.m", 7: "f", 5: "A"},
        "class A > m(a)",
    ),
    "a.ts": (
        b"namespace N {\n  export function g(x: number): void {\n    x;\n  }\n}\n",
        {3: "N.g", 1: "N"},
        "namespace N > function g(x: number): void",
    ),
    "a.tsx": (
        b"export default function App(p: P) {\n  const x = 1;\n  return <a/>;\n}\n",
        {3: "App", 2: "App"},
        "function App(p: P)",
    ),
    "a.go": (
        b"package a\n\nfunc (s *S) Do(x int) error {\n\treturn nil\n}\n",
        {4: "Do", 1: ""},
        "func (s *S) Do(x int) error",
    ),
    "A.java": (
        b"class A {\n  int f(int x) {\n    return x;\n  }\n  A() {\n    f();\n  }\n}\n",
        {3: "A.f", 6: "A.A"},
        "class A > int f(int x)",
    ),
    "a.rs": (
        b"impl S {\n    fn go(&self) -> u8 {\n        1\n    }\n}\n",
        {3: "S.go", 1: "S"},
        "impl S > fn go(&self) -> u8",
    ),
}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (1, ""),
        (4, "Store"),
        (5, "Store.keep"),
        (6, "Store.keep"),
        (10, "Store.keep"),
        (11, "Store.keep"),
        (13, "Store.drop"),
        (16, ""),
        (99, ""),
        (0, ""),
    ],
)
def test_python_lines_know_where_they_stand(line: int, name: str) -> None:
    """Decorators and empty lines belong to what is around them."""
    assert qualified(enclosing("a.py", PYTHON, line)) == name


@pytest.mark.parametrize("path", CASES)
def test_other_languages_do_too(path: str) -> None:
    """The signature is all before the body, in one line."""
    source, names, head = CASES[path]
    for line, name in names.items():
        assert qualified(enclosing(path, source, line)) == name
    assert head_of(enclosing(path, source, next(iter(names)))) == f"in {head}"


def test_a_signature_over_several_lines_is_one() -> None:
    """It is shown in the head of a piece."""
    (_, keep) = enclosing("a.py", PYTHON, 11)
    assert keep.signature == "def keep( self, item: int ) -> int"
    assert keep.line == 6


def hunk_head(path: str, diff: str, source: bytes | None) -> str:
    """Return the head of a file's only hunk."""
    text = f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n{diff}"
    (hunk,) = parse_diff(text.encode()).files[0].hunks
    return head_of(enclosing_hunk(hunk, source))


def test_a_removal_stands_in_what_is_around_both_its_ends() -> None:
    """A method that is gone between two others stood in neither."""
    gone = (
        "@@ -9,4 +9,3 @@\n         if item:\n-            log()\n \n"
        "             return item\n"
    )
    head = "in class Store > def keep( self, item: int ) -> int"
    assert hunk_head("a.py", gone, PYTHON) == head
    between = (
        "@@ -12,3 +12,2 @@\n \n-    def x(self): ...\n     async def drop(self): ...\n"
    )
    assert hunk_head("a.py", between, PYTHON) == "in class Store"


def test_git_tells_where_no_grammar_is_at_hand() -> None:
    """And without its words the lines above that are indented less."""
    named = "@@ -3,1 +3,1 @@ int main(void)\n-a\n+b\n"
    assert hunk_head("a.c", named, b"int main(void)\n{\na\n}\n") == "in int main(void)"
    bare = "@@ -3,1 +3,1 @@\n-    a: 1\n+    a: 2\n"
    assert (
        hunk_head("a.yml", bare, b"jobs:\n  build:\n    a: 2\n") == "in jobs: > build:"
    )
    assert hunk_head("a.yml", bare, None) == "@@"


@pytest.mark.parametrize("path", ["a.py", "a.js", "a.go", "A.java", "a.rs", "a.tsx"])
@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"\n\n",
        b"{" * 5000,
        b"def f(:\n  (\n" * 200,
        bytes(range(256)),
        b"class \xff",
    ],
)
def test_noise_is_read_without_complaint(path: str, source: bytes) -> None:
    """Half-written files are what pull requests bring."""
    for line in (1, 2, 50):
        for one in enclosing(path, source, line):
            assert "\n" not in one.signature

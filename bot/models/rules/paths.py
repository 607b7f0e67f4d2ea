"""What a file's name tells about it."""

from pathlib import PurePosixPath

TEST_FOLDERS = {"test", "tests", "testing", "fixtures", "examples", "spec"}


def is_test(path: str) -> bool:
    """Return whether the file is a test, or an example for one, by its name."""
    pure = PurePosixPath(path)
    return (
        not TEST_FOLDERS.isdisjoint(pure.parts[:-1])
        or pure.name.startswith("test_")
        or pure.stem.endswith("_test")
        or pure.name == "conftest.py"
    )


def kind(path: str) -> str:
    """Return how to call files of this kind: `.md files`, `files named Makefile`."""
    pure = PurePosixPath(path)
    return f"{pure.suffix} files" if pure.suffix else f"files named {pure.name}"


def is_utf8(path: str) -> bool:
    """Return whether the name is text; git allows any bytes, GitHub's API does not."""
    return not any("\ud800" <= character <= "\udfff" for character in path)

"""What the sandbox decides before and after a child: names, limits, causes."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SandboxUnavailableError, UnsafePathError
from core.sandbox import Command, Limits, Outcome, Sandbox
from core.sandbox.command import Isolation
from core.sandbox.folder import parts_of, write_files
from core.sandbox.report import Ending, killer, outcome
from core.sandbox.sandbox import tasks_of
from core.sandbox.walls import BUBBLEWRAP, Plan


async def test_bubblewrap_that_fails_is_not_used(tmp_path: Path) -> None:
    """Where namespaces are refused, limits are used and the outcome says so."""
    refusing = tmp_path / "bwrap"
    refusing.write_text("#!/bin/sh\necho no namespaces >&2\nexit 1\n")
    refusing.chmod(0o755)
    sandbox = Sandbox(bubblewrap=refusing)
    assert await sandbox.isolation() == "limits"
    assert (await sandbox.run(Command(argv=("true",)))).isolation == "limits"


async def test_bubblewrap_that_is_no_program_is_not_used(tmp_path: Path) -> None:
    """A file that cannot be run is no wall."""
    useless = tmp_path / "bwrap"
    useless.write_text("")
    assert await Sandbox(bubblewrap=useless).isolation() == "limits"


names = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1)


@given(st.lists(names, min_size=1, max_size=4))
def test_ordinary_names_are_kept(parts: list[str]) -> None:
    """A relative path of plain names comes back as its names."""
    long = any(len(part.encode()) > 255 for part in parts)
    if long or {".", ".."} & set(parts):
        return
    assert parts_of("/".join(parts)) == [part.encode() for part in parts]


@pytest.mark.parametrize(
    "path",
    [
        *("", "/etc/x", "a/../b", "..", "./a", "a//b", "a/", "a\0b", "\ud800"),
        *("x" * 256, "a/" * 3000),
    ],
)
def test_names_that_lead_elsewhere_are_refused(path: str) -> None:
    """Absolute, climbing, empty, overlong and unencodable names are errors."""
    with pytest.raises(UnsafePathError):
        parts_of(path)


def test_undecodable_names_are_written(tmp_path: Path) -> None:
    """A name that is not UTF-8 is written byte for byte."""
    write_files(tmp_path, {"d\udcff/f\udcfe": b"x"})
    (made,) = tmp_path.rglob("f*")
    assert os.fsencode(made).endswith(b"/d\xff/f\xfe")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """Where a link stands in the way, nothing is written through it."""
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (inside / "link").symlink_to(outside)
    (inside / "file").symlink_to(outside / "new")
    for path in ("link/x", "file"):
        with pytest.raises(UnsafePathError):
            write_files(inside, {path: b"x"})
    assert list(outside.iterdir()) == []


def test_a_file_cannot_be_a_folder_too(tmp_path: Path) -> None:
    """Two names that clash are an error, not an overwrite."""
    with pytest.raises(UnsafePathError):
        write_files(tmp_path, {"a": b"", "a/b": b""})


def test_tasks_are_counted_where_they_can_be(tmp_path: Path) -> None:
    """Without /proc the count is 0, and no limit on processes is set."""
    assert tasks_of(os.geteuid(), tmp_path) == 0
    (tmp_path / "17").mkdir()
    assert tasks_of(os.geteuid(), tmp_path) == 0
    (tmp_path / "17" / "task" / "17").mkdir(parents=True)
    assert tasks_of(os.geteuid(), tmp_path) == 1
    assert tasks_of(os.geteuid() + 1, tmp_path) == 0


def test_an_uncounted_user_gets_no_process_limit(tmp_path: Path) -> None:
    """The launcher is told -1, which means none."""
    words = _plan(tmp_path, tasks=0).words(5)
    assert words[-6:] == ["5", "1", "2", "3", "-1", "/bin/true"]


def _plan(home: Path, *, tasks: int, isolation: Isolation = "limits") -> Plan:
    limits = Limits(cpu_seconds=1, memory_bytes=2, file_bytes=3, processes=4)
    return Plan(
        command=Command(argv=("true",), limits=limits),
        program="/bin/true",
        home=home,
        tasks=tasks,
        isolation=isolation,
        wrapper=BUBBLEWRAP,
    )


def _end(**changes: object) -> Outcome:
    values: dict[str, object] = {
        "exit_code": None,
        "signal": None,
        "stdout": b"",
        "stderr": b"",
        "truncated": False,
        "cpu_seconds": 0.0,
        "peak_memory_bytes": 0,
        "wall_seconds": 0.0,
        "isolation": "limits",
        "killed_by": None,
    }
    return Outcome(**(values | changes))  # type: ignore[arg-type] # a test's shorthand


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (_end(exit_code=0, stderr=b"MemoryError"), None),
        (_end(exit_code=1), None),
        (_end(exit_code=1, stderr=b"MemoryError"), "memory"),
        (_end(signal=6, stderr=b"memory allocation of 9 bytes failed"), "memory"),
        (_end(signal=6, stderr=b"to display a backtrace\n31 bytes failed"), "memory"),
        (_end(signal=6, stderr=b"thread 'main' panicked"), None),
        (_end(signal=11, peak_memory_bytes=95), "memory"),
        (_end(signal=11, peak_memory_bytes=50), None),
        (_end(signal=9, cpu_seconds=1.0), "memory"),
        (_end(signal=9, cpu_seconds=5.0), "cpu"),
        (_end(signal=24), "cpu"),
    ],
)
def test_what_ended_it_is_told(end: Outcome, expected: str | None) -> None:
    """Signals, last words and size tell which limit it was."""
    assert killer(end, Limits(cpu_seconds=5, memory_bytes=100)) == expected


def test_without_a_report_our_own_reason_counts() -> None:
    """When the launcher itself had to be killed, what we know is said."""
    ending = Ending(
        stdout=b"", stderr=b"", truncated=False, stopped_by="timeout", said=b""
    )
    made = outcome(ending, Limits(), "limits", wall_seconds=7.0)
    assert (made.killed_by, made.signal, made.wall_seconds) == ("timeout", 9, 7.0)


def test_a_launcher_that_vanished_is_an_error() -> None:
    """No report and no reason of ours: the command never ran."""
    ending = Ending(stdout=b"", stderr=b"", truncated=False, stopped_by=None, said=b"")
    with pytest.raises(SandboxUnavailableError, match="launcher was killed"):
        outcome(ending, Limits(), "limits", wall_seconds=7.0)

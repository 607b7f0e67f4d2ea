"""Keys as people write them down: what is taken, and what is refused by which words."""

import base64
import os
import stat
from pathlib import Path

import pytest

from core.errors import (
    MemoryKeyMissingError,
    MemoryKeysUnusableError,
    UnavailableError,
)
from core.memory.keys.local import LocalKeys
from core.memory.keys.written import keys_in, line_of, make_keys, read_keys

ONE, TWO = (base64.b64encode(byte * 32).decode() for byte in (b"1", b"2"))
SHORT = base64.b64encode(b"1" * 31).decode()


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    """Write a file of keys."""
    path = folder / "memory.keys"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_file_has_a_key_a_line_and_comments(tmp_path: Path) -> None:
    """The order counts: the first is active at the first start."""
    text = f"# ours\n\nk2:{TWO}\r\n  k1:{ONE}  \n"
    keys = read_keys(written(tmp_path, text))
    assert list(keys.items()) == [("k2", b"2" * 32), ("k1", b"1" * 32)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no key"),
        ("# only this", "there is no key"),
        (f"k1:{SHORT}", "k1 has 31 bytes instead of 32"),
        (f"k1:{ONE[:-1]}", "what follows k1: is no Base64"),
        (f"k1:{ONE}\nk1:{TWO}", "the id k1 is there twice"),
        (f"k1:{ONE}\nk2:{ONE}", "k2 is the same key as one before it"),
        (ONE, "key number 1 cannot be used: it is not `id:key`"),
        (f"k1:{ONE}\n:{TWO}", "key number 2 cannot be used: it is not `id:key`"),
        (f"k 1:{ONE}", "it is not `id:key`"),
        (f"{'k' * 65}:{ONE}", "it is not `id:key`"),
    ],
)
def test_what_is_no_list_of_keys_is_refused_without_quoting_it(
    tmp_path: Path, text: str, said: str
) -> None:
    """The error names the file and the way out."""
    path = written(tmp_path, text)
    with pytest.raises(MemoryKeysUnusableError) as caught:
        read_keys(path)
    message = f"{caught.value} {caught.value.way_out}"
    assert said in message
    assert str(path) in message
    assert "nofx memory keys generate" in message
    assert not any(key[:20] in message for key in (ONE, TWO, SHORT))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622, 0o666, 0o601])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    """Also when they may only write it."""
    path = written(tmp_path, f"k1:{ONE}\n", mode)
    with pytest.raises(MemoryKeysUnusableError, match=f"{mode:o}") as caught:
        read_keys(path)
    assert caught.value.way_out == f"Run: chmod 600 {path}"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_another_users_file_is_refused(tmp_path: Path) -> None:
    """Whoever owns it can change it."""
    path = written(tmp_path, f"k1:{ONE}\n")
    os.chown(path, 12345, -1)
    with pytest.raises(MemoryKeysUnusableError, match="user 12345"):
        read_keys(path)


def test_a_folder_that_anybody_may_change_is_refused(tmp_path: Path) -> None:
    """There, another file could take its place."""
    path = written(tmp_path, f"k1:{ONE}\n")
    tmp_path.chmod(0o777)
    with pytest.raises(MemoryKeysUnusableError, match="folder"):
        read_keys(path)
    tmp_path.chmod(0o1777)
    assert list(read_keys(path)) == ["k1"]


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    """A folder, a pipe that nobody writes to, nothing, something huge, no text."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    huge = written(tmp_path, "#" * 70_000)
    binary = tmp_path / "binary"
    binary.write_bytes(b"k1:\xff")
    binary.chmod(0o600)
    for path in (tmp_path, pipe, tmp_path / "none", huge, binary):
        with pytest.raises(MemoryKeysUnusableError, match=str(path)):
            read_keys(path)


def test_a_first_key_is_made_once_for_this_user_alone(tmp_path: Path) -> None:
    """Nothing else is left in its folder."""
    path = tmp_path / "new" / "memory.keys"
    make_keys(path)
    first = read_keys(path)
    make_keys(path)

    assert read_keys(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_a_line_that_is_printed_can_be_read() -> None:
    """An id that could not is refused before it is printed."""
    assert keys_in(line_of("k-2.a", b"2" * 32), between="\n", where="x") == {
        "k-2.a": b"2" * 32
    }
    with pytest.raises(MemoryKeysUnusableError, match="letters"):
        line_of("k 2", b"2" * 32)


async def test_a_key_that_comes_into_the_file_is_there_without_a_restart(
    tmp_path: Path,
) -> None:
    """One that is held stays as it is, and an edit half done is no missing key."""
    path = written(tmp_path, f"k1:{ONE}\n")
    keys = LocalKeys(read_keys(path), name="file", read=lambda: read_keys(path))
    with pytest.raises(MemoryKeyMissingError, match="k2"):
        await keys.wrap("k2", b"secret", b"here")
    before = await keys.wrap("k1", b"secret", b"here")

    written(tmp_path, f"k1:{TWO}\nk2:{TWO[::-1]}")
    with pytest.raises(UnavailableError, match="k2"):
        await keys.wrap("k2", b"secret", b"here")
    third = base64.b64encode(b"3" * 32).decode()
    written(tmp_path, f"k1:{third}\nk2:{TWO}\n")

    wrapped = await keys.wrap("k2", b"secret", b"here")
    assert await keys.unwrap("k2", wrapped, b"here") == b"secret"
    assert await keys.unwrap("k1", before, b"here") == b"secret"
    assert await keys.ids() == ("k1", "k2")

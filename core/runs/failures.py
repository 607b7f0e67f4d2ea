"""What an error tells of itself, so that machines know it again; pure."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from core.errors import NofxError
from core.events.base import JSON
from core.events.schema import Failure

# Where the packages `bot` and `core` lie.
CODE = Path(__file__).resolve().parents[2]
OURS = ("bot", "core")
# A context manager turned the error into this one, on the way out of it.
LEAVING = ("__exit__", "__aexit__")
FACTS = 12
FACT = 200
# So much of a fact is read to look for secrets in.
READ = 20_000
# An error has no more errors behind it, unless somebody made a ring of them.
CHAIN = 32
Frame = tuple[str, int, str]
Mask = Callable[[JSON], JSON]


def failure_of(error: BaseException, *, mask: Mask, root: Path = CODE) -> Failure:
    """Return the failure that an error is, without the secrets that its facts may hold.

    `root` is the folder in which our packages lie, so that no path of this machine is
    told. The fingerprint covers the kind, the status, and which functions of ours the
    error came through, however often and at which line.
    """
    known = isinstance(error, NofxError)
    code = error.code if isinstance(error, NofxError) else type(error).__name__
    frames = list(_frames(error, root))
    status = _status(error)
    return Failure(
        code=code,
        known=known,
        status=status,
        errno=_errno(error),
        place=_place(frames),
        fingerprint=_fingerprint(code, status, frames),
        facts=_facts(error, mask),
    )


def words_of(error: BaseException, *, mask: Mask) -> str:
    """Return an error's words, masked; of one that is not ours its kind alone."""
    if not isinstance(error, NofxError):
        return type(error).__name__
    return str(mask({"error": _clean(str(error))})["error"])


def _frames(error: BaseException, root: Path) -> Iterator[Frame]:
    """Yield the frames of our code, outermost first: file, line, function."""
    for file, line, function in _walked(error.__traceback__):
        if _translates(file, function) and isinstance(error, NofxError):
            return
        with suppress(ValueError):
            inside = Path(file).relative_to(root)
            if inside.parts[0] in OURS:
                yield inside.as_posix(), line, function


def _translates(file: str, function: str) -> bool:
    return Path(file).name == "contextlib.py" and function.endswith(LEAVING)


def _walked(at: TracebackType | None) -> Iterator[Frame]:
    while at is not None:
        code = at.tb_frame.f_code
        yield code.co_filename, at.tb_lineno, code.co_qualname
        at = at.tb_next


def _place(frames: list[Frame]) -> str:
    if not frames:
        return ""
    file, line, _ = frames[-1]
    return f"{file}:{line}"


def _fingerprint(code: str, status: int | None, frames: list[Frame]) -> str:
    # Each once: how deep a function called itself says nothing of what is wrong.
    passed = dict.fromkeys(f"{file} {function}" for file, _, function in frames)
    told = "\n".join((code, str(status), *passed))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that it came of, the last one first."""
    at: BaseException | None = error
    for _ in range(CHAIN):
        if at is None:
            return
        yield at
        at = at.__cause__ or at.__context__


def _status(error: BaseException) -> int | None:
    facts = error.facts if isinstance(error, NofxError) else {}
    status = facts.get("status")
    return int(status) if isinstance(status, int) else None


def _errno(error: BaseException) -> int | None:
    numbers = (one.errno for one in _chain(error) if isinstance(one, OSError))
    return next((one for one in numbers if isinstance(one, int)), None)


def _facts(error: BaseException, mask: Mask) -> dict[str, str]:
    told: dict[str, object] = {}
    if isinstance(error, NofxError):
        told |= error.facts
    *_, first = _chain(error)
    if first is not error:
        told["caused_by"] = type(first).__name__
    listed = list(told.items())[:FACTS]
    # Masked whole, for half of a secret is none that can be found.
    masked = mask({name: _clean(str(value)) for name, value in listed})
    return {str(name): str(value)[:FACT] for name, value in masked.items()}


def _clean(text: str) -> str:
    """Return text that JSON can have: halves of characters are none."""
    return text[:READ].encode("utf-8", "replace").decode()

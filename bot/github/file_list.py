"""A unified diff put together from GitHub's list of changed files."""

from dataclasses import dataclass

from bot.github.values import ChangedFile

TOO_LARGE = "GitHub sent no patch for this file: it is too large"
NO_TEXT = "GitHub sent no patch for this file: it is binary, or only its mode changed"
CUT_SHORT = "GitHub sent only a part of this file's patch"
PAST_THE_LIST = "GitHub lists no more than {limit} changed files; the rest is not shown"

_PLAIN_LIMIT = 0x20
_DELETE = 0x7F


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A file that the diff does not show; `path` is None for files not even named."""

    path: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A unified diff, and what it leaves out, each with a reason for people."""

    data: bytes
    missing: tuple[Missing, ...] = ()


def assemble(files: list[ChangedFile], *, list_limit: int) -> Comparison:
    """Return the diff that these files' patches make.

    A file without a whole patch is left out and named. `list_limit` is where GitHub
    ends the list: reaching it means that there may be more.
    """
    parts: list[str] = []
    missing: list[Missing] = []
    for file in files:
        reason = _gap(file)
        if reason is None:
            parts.append(_part(file))
        else:
            missing.append(Missing(path=file.path, reason=reason))
    if len(files) >= list_limit:
        reason = PAST_THE_LIST.format(limit=list_limit)
        missing.append(Missing(path=None, reason=reason))
    data = "".join(parts).encode("utf-8", "surrogatepass")
    return Comparison(data=data, missing=tuple(missing))


def _gap(file: ChangedFile) -> str | None:
    if file.patch is None:
        if file.additions + file.deletions:
            return TOO_LARGE
        return None if file.status == "renamed" else NO_TEXT
    lines = file.patch.split("\n")
    added = sum(line.startswith("+") for line in lines)
    removed = sum(line.startswith("-") for line in lines)
    whole = (added, removed) == (file.additions, file.deletions)
    return None if whole else CUT_SHORT


def _part(file: ChangedFile) -> str:
    old = file.old_path or file.path
    before, after = _name(f"a/{old}"), _name(f"b/{file.path}")
    head = [f"diff --git {before} {after}"]
    if file.status == "added":
        head.append("new file mode 100644")
        before = "/dev/null"
    elif file.status == "removed":
        head.append("deleted file mode 100644")
        after = "/dev/null"
    elif file.status in ("renamed", "copied"):
        verb = "rename" if file.status == "renamed" else "copy"
        head += [f"{verb} from {_name(old)}", f"{verb} to {_name(file.path)}"]
    if file.patch is not None:
        head += [f"--- {_tabbed(before)}", f"+++ {_tabbed(after)}", file.patch]
    return "\n".join(head) + "\n"


def _tabbed(name: str) -> str:
    """End a name that has a blank with a tab, as git does."""
    return f"{name}\t" if " " in name else name


def _name(name: str) -> str:
    """Quote a name as git does when it has a quote, backslash or control character."""
    if not any(_awkward(char) for char in name):
        return name
    escaped = "".join(f"\\{ord(char):03o}" if _awkward(char) else char for char in name)
    return f'"{escaped}"'


def _awkward(char: str) -> bool:
    return char in '"\\' or ord(char) < _PLAIN_LIMIT or ord(char) == _DELETE

"""The file in which `nofx setup` leaves the App's credentials, as a .env."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from core.errors import FileUnwritableError, SettingsError

NAME = "app.env"
OWN = 0o600
OTHERS = 0o077
# Bytes on the disk for a key of 4096 bits and the rest.
RESERVED = 16 * 1024
# Where one of these is set somewhere else, the file does not count.
FIELDS = frozenset({"app_id", "private_key", "private_key_path", "webhook_secrets"})


def made(folder: Path, given: Collection[str]) -> Path | None:
    """Return the file that completes settings of which the fields `given` are set.

    Raises SettingsError when others than its owner could read it.
    """
    path = folder / NAME
    if FIELDS.intersection(given) or not path.is_file():
        return None
    if path.stat().st_mode & OTHERS:
        problem = f"{path} can be read by others: chmod 600 {path}"
        raise SettingsError(problems=problem)
    return path


class AppFile:
    """The file to be: its place is taken first, so that nothing is lost at the end."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._draft = folder / f".{NAME}.{os.getpid()}"

    def take(self) -> None:
        """Make sure that the file can be written; raises FileUnwritableError."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            with os.fdopen(os.open(self._draft, flags, OWN), "wb") as file:
                # GitHub gives the credentials once: a disk that is full is found now.
                file.write(b"\n" * RESERVED)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._unwritable(error) from None

    def write(self, variables: Mapping[str, str]) -> None:
        """Write the variables, readable by the owner alone, whole or not at all.

        Raises FileUnwritableError, also where there is such a file already.
        """
        lines = [f'{name}="{_escaped(text)}"\n' for name, text in variables.items()]
        try:
            with self._draft.open("r+", encoding="utf-8") as file:
                file.writelines(lines)
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
            # A link, for it replaces nothing.
            os.link(self._draft, self.path)
        except OSError as error:
            raise self._unwritable(error) from None

    def let_go(self) -> None:
        """Remove what is not the file itself."""
        self._draft.unlink(missing_ok=True)

    def _unwritable(self, error: OSError) -> FileUnwritableError:
        reason = error.strerror or str(error)
        return FileUnwritableError(path=self.path, reason=reason)


def _escaped(text: str) -> str:
    """Return a value for between double quotes, on one line."""
    escaped = text.strip().replace("\\", "\\\\").replace('"', '\\"')
    return escaped.replace("\n", "\\n")

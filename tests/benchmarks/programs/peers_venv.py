"""The peers' own virtual environment, so that theirs never mix with our packages."""

import hashlib
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.programs.children import ROOT

FOLDER = ROOT / ".venv-peers"
REQUIREMENTS = Path(__file__).parent / "peers" / "requirements.txt"
MARK = "requirements.sha256"
INSTALL_SECONDS = 300


class NotInstalledError(Exception):
    """A peer cannot be had here; its words say why."""


def peers_python() -> Path:
    """Return their interpreter, installing what requirements.txt pins if need be.

    Raises NotInstalledError.
    """
    python, mark = FOLDER / "bin" / "python", FOLDER / MARK
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if mark.is_file() and mark.read_text() == digest:
        return python
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    _done(sys.executable, "-m", "venv", "--clear", FOLDER)
    _done(*pip, "--requirement", REQUIREMENTS)
    mark.write_text(digest)
    return python


def _done(*words: object) -> None:
    try:
        subprocess.run(  # noqa: S603 # a fixed command of this module
            tuple(map(str, words)),
            check=True,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        reason = f"installing took longer than {INSTALL_SECONDS} seconds"
        raise NotInstalledError(reason) from None
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or "pip said nothing").splitlines()[-1]
        raise NotInstalledError(last) from None

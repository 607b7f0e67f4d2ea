"""Programs of Debian's packages that judge what we make, where they are installed."""

import os
import shutil
from pathlib import Path

import pytest


def installed(program: str, *, package: str) -> Path:
    """Return where a program is; without it the calling test is skipped.

    Where `CI` is set the test fails instead, unless `CI_WITHOUT` names the package:
    `.ci/run` says so when it could not install it.
    """
    found = shutil.which(program)
    if found is not None:
        return Path(found)
    reason = f"{program} is not installed; it is in Debian's package {package}"
    if os.getenv("CI") and package not in os.getenv("CI_WITHOUT", "").split():
        pytest.fail(reason)
    pytest.skip(reason)

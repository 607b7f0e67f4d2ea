"""The version of nofx that runs."""

import platform
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def running_version() -> str:
    """Return the installed version, or `0+checkout` where nofx was never installed."""
    try:
        return version("nofx")
    except PackageNotFoundError:
        return "0+checkout"


def running_program() -> str:
    """Return what runs here, as `nofx/0.1.0 python/3.11.7 linux`."""
    python = platform.python_version()
    return f"nofx/{running_version()} python/{python} {sys.platform}"

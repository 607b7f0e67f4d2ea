"""The version of nofx that runs."""

from importlib.metadata import PackageNotFoundError, version


def running_version() -> str:
    """Return the installed version, or `0+checkout` where nofx was never installed."""
    try:
        return version("nofx")
    except PackageNotFoundError:
        return "0+checkout"

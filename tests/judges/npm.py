"""Fetches a pinned npm package once, for the tests that other people's files judge."""

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytest


def unpacked(name: str, version: str) -> Path:
    """Return the folder of npm's `name` at exactly `version`, fetched at most once.

    It lies in the user's cache, outside the tree. Without npm, or when npm cannot
    fetch, the calling test is skipped with the reason; where `CI` is set it fails.
    """
    target = _cache() / f"{name.strip('@').replace('/', '-')}-{version}"
    if not target.is_dir():
        npm = shutil.which("npm")
        if npm is None:
            unavailable(f"npm is not installed, so {name} cannot be fetched")
        _fetch(npm, f"{name}@{version}", target)
    return target


def installed(*specs: str) -> Path:
    """Return a folder in which node finds these packages, each `name@version`.

    What they depend on must be among them, so that nothing unpinned is fetched; their
    scripts are not run. Otherwise as `unpacked`.
    """
    digest = hashlib.sha256(" ".join(specs).encode()).hexdigest()[:16]
    target = _cache() / f"installed-{digest}"
    if not target.is_dir():
        npm = shutil.which("npm")
        if npm is None:
            unavailable(f"npm is not installed, so {specs[0]} cannot be fetched")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            _install(npm, specs, Path(folder) / "packages")
            _move(Path(folder) / "packages", target)
    return target


def _install(npm: str, specs: Sequence[str], folder: Path) -> None:
    folder.mkdir()
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--silent")
    # A fixed program with pinned arguments; npm checks the packages' digests.
    done = subprocess.run(  # noqa: S603
        [npm, "install", *options, "--prefix", str(folder), *specs],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    there = {path.parent.name for path in folder.glob("node_modules/*/package.json")}
    if done.returncode != 0 or there != {one.partition("@")[0] for one in specs}:
        said = done.stderr.strip()[-300:] or f"it installed {sorted(there)}"
        unavailable(f"npm could not install {specs}: {said}")


def _move(found: Path, target: Path) -> None:
    try:
        found.rename(target)
    except OSError:
        # Another test process was faster; its copy is the same.
        if not target.is_dir():
            raise


def _fetch(npm: str, spec: str, target: Path) -> None:
    """Pack `spec` with npm and move its files to `target` in one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        # A fixed program with a pinned argument; npm checks the package's digest.
        done = subprocess.run(  # noqa: S603
            [npm, "pack", spec, "--silent", "--ignore-scripts"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        if done.returncode != 0:
            unavailable(f"npm could not fetch {spec}: {done.stderr.strip()[-300:]}")
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as tar:
            tar.extractall(Path(folder) / "files", filter="data")
        _move(Path(folder) / "files" / "package", target)


def _cache() -> Path:
    """Return the folder that keeps packages between runs."""
    root = os.getenv("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "nofx-tests" / "npm"


def unavailable(reason: str) -> NoReturn:
    """Skip the test, or fail it where nothing may be skipped."""
    if os.getenv("CI"):
        pytest.fail(reason)
    pytest.skip(reason)

"""What dead processes leave of bundles on the disk goes, and what is used stays."""

import os
from pathlib import Path

from bot.bundling import DAY, SPOOL, clear_spool
from bot.settings import load_settings

NOW = 2_000_000_000.0


def test_only_what_is_old_is_deleted(tmp_path: Path) -> None:
    """A day is longer than any build."""
    settings = load_settings(None, cache_dir=tmp_path)
    assert clear_spool(settings, now=NOW) == 0
    for name, age in (("rca-old", DAY + 1), ("rca-new", 60), ("other", DAY + 1)):
        folder = tmp_path / SPOOL / name
        folder.mkdir(parents=True)
        (folder / "members").write_text("half")
        os.utime(folder, (NOW - age, NOW - age))
    assert clear_spool(settings, now=NOW) == 1
    kept = {one.name for one in (tmp_path / SPOOL).iterdir()}
    assert kept == {"rca-new", "other"}

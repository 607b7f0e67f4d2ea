"""Says how busy the machine is, and what its programs have used of it."""

import os
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")


def busy() -> str:
    """Return the cores and the load of the last minute, in words."""
    return f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}"


def cpu_seconds(roots: Iterable[int]) -> float | None:
    """Return what processes and their descendants have computed; None without /proc.

    What the machine does beside them is not in it, so it means something on a busy one.
    """
    if not PROC.is_dir():
        return None
    parents, ticks = dict[int, int](), dict[int, int]()
    for path in PROC.glob("[0-9]*/stat"):
        try:
            # The name, in brackets, may hold blanks.
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid = int(path.parent.name)
        parents[pid] = int(fields[1])
        ticks[pid] = sum(map(int, fields[11:15]))  # with children that have ended
    return sum(ticks[pid] for pid in _family(set(roots), parents)) / TICKS


def peak_bytes(pid: int) -> int | None:
    """Return the most memory a running process has held at once; None without /proc."""
    path = PROC / str(pid) / "status"
    if not path.exists():
        return None
    (peak,) = (one for one in path.read_text().splitlines() if "VmHWM" in one)
    return int(peak.split()[1]) * 1024


def _family(found: set[int], parents: dict[int, int]) -> set[int]:
    while more := {p for p, parent in parents.items() if parent in found} - found:
        found = found | more
    return found & parents.keys()

"""Says how busy the machine is, for numbers mean little without it."""

import os


def busy() -> str:
    """Return the cores and the load of the last minute, in words."""
    return f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}"

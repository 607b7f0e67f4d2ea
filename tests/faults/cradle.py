"""The program that forks a process for each story that it is asked for."""

import importlib
import os
import sys
from pathlib import Path
from typing import cast

from tests.faults.deaths import Death, Said, Story, live


def main(module: str) -> None:
    """Read what to live through from stdin, and say on stdout how each life ended."""
    known = importlib.import_module(module)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            born(vars(known), *line.rstrip("\n").split("\t"))
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 # its answer


def born(known: dict[str, object], *words: str) -> None:
    """Live through a story and end this process."""
    story, url, name, said, write, when = words
    assert when in {"before", "after"}
    death = Death(int(write), "before" if when == "before" else "after")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        live(cast("Story", known[story]), url, name, Said(Path(said)), death)
    except BaseException:  # noqa: BLE001 # its parent's stack is not its own
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])

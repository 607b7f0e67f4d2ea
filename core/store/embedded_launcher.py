"""Becomes the database server, and leaves a watcher that ends it with its parent.

Run as a program: `python embedded_launcher.py LIFELINE PROGRAM ARGUMENT…`. LIFELINE is
the reading end of a pipe that the parent holds open. However the parent ends, SIGKILL
included, the system closes the pipe, and the watcher reads its end: that works on
every POSIX system, for any thread, and leaves the server its own process id.
"""

import os
import select
import signal
import sys
from collections.abc import Callable

LOOK_EVERY = 1.0


def watch(
    lifeline: int, server: int, kill: Callable[[int, int], None] = os.kill
) -> bool:
    """Wait for the pipe's end and kill `server`, whose child this process must be.

    Returns False when the server ended by itself: then there is nothing to kill, and
    its process id may already be another's.
    """
    while os.getppid() == server:
        ready, _, _ = select.select([lifeline], [], [], LOOK_EVERY)
        if ready and os.getppid() == server:
            kill(server, signal.SIGKILL)
            return True
    return False


def main(arguments: list[str]) -> None:
    """Leave the watcher behind and become the program that `arguments` name."""
    lifeline, *command = arguments
    server = os.getpid()
    if os.fork() == 0:
        watch(int(lifeline), server)
        os._exit(0)
    os.close(int(lifeline))
    os.execv(command[0], command)  # noqa: S606 (no shell is what is wanted)


if __name__ == "__main__":
    main(sys.argv[1:])

"""The first program inside the sandbox: sets limits, runs the command, measures it.

Run by path with `python -I -S`, so it imports nothing but the standard library.

It exists for three reasons. Limits must be set between fork and exec, and doing that
with `preexec_fn` in a process with threads can deadlock; here there is one thread.
A child's peak memory, as the kernel counts it, starts at the memory of the process
that it was forked from; this one is small, the service is not. And its socket is a
leash: when the service dies or lets go, the command and its group are killed.
"""

import contextlib
import os
import resource
import select
import signal
import sys
import time

LAUNCH_FAILED = 127


def set_limits(cpu: int, memory: int, file_size: int, processes: int) -> list[str]:
    """Lower this process's limits; return the names of those the system refused."""
    wanted = [
        ("cpu", "RLIMIT_CPU", cpu, cpu + 1),
        ("memory", "RLIMIT_AS", memory, memory),
        ("file", "RLIMIT_FSIZE", file_size, file_size),
        ("processes", "RLIMIT_NPROC", processes, processes),
        ("core", "RLIMIT_CORE", 0, 0),
    ]
    refused = []
    for name, constant, soft, hard in wanted:
        if soft < 0:
            refused.append(name)
            continue
        try:
            resource.setrlimit(getattr(resource, constant), (soft, hard))
        except (AttributeError, OSError, ValueError):
            refused.append(name)
    if os.geteuid() == 0 and "processes" not in refused:
        refused.append("processes")
    return refused


def become(leash: int, limits: list[int], argv: list[str]) -> None:
    """Turn this fresh child into the command; never returns."""
    try:
        refused = set_limits(*limits)
        os.write(leash, f"refused {' '.join(refused)}\n".encode())
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.execv(argv[0], argv)  # noqa: S606 - there is no shell, and that is the point
    except OSError as error:
        os.write(leash, f"failed {error.errno} {error.strerror}\n".encode())
    finally:
        os._exit(LAUNCH_FAILED)


def supervise(leash: int, child: int) -> tuple[int, resource.struct_rusage]:
    """Wait for the child; kill its group as soon as the leash is let go."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    watched = [leash, reader]
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            return status, usage
        ready = select.select(watched, [], [])[0]
        if reader in ready:
            os.read(reader, 4096)
        if leash in ready:
            watched.remove(leash)
            kill_group(child)


def kill_group(child: int) -> None:
    """Kill whatever is left in the command's process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)


def main(arguments: list[str]) -> int:
    """Run `LEASH CPU MEMORY FILE PROCESSES PROGRAM ARGUMENT…` and report its end."""
    leash, *limits = (int(argument) for argument in arguments[:5])
    os.set_inheritable(leash, False)  # noqa: FBT003 - os.set_inheritable takes no keyword
    started = time.monotonic()
    child = os.fork()
    # Both sides do this, so that the group stands before either goes on.
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpgid(child, child)
    if child == 0:
        become(leash, limits, arguments[5:])
    status, usage = supervise(leash, child)
    wall = time.monotonic() - started
    kill_group(child)
    cpu = usage.ru_utime + usage.ru_stime
    report = f"ended {status} {cpu:.6f} {usage.ru_maxrss} {wall:.6f}\n"
    try:
        os.write(leash, report.encode())
    except OSError:
        return LAUNCH_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

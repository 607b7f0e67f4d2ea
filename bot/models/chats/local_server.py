"""Serves one GGUF file on the loopback until whoever started it is gone.

Run as a program of its own, so that a model that runs out of memory, or crashes in
native code, takes no service with it. It reads one line of JSON with `path`, `context`
and `key` from its input, and writes one with the `url`. It ends when the input does,
which the system sees to however the parent ends.
"""

import json
import os
import sys

LOOPBACK = "127.0.0.1"
ONLY_ERRORS = 1


def spare_cores() -> int:
    """Return the cores but one.

    Its threads wait for each other busily: where one has to share its core with the
    service, all of them are six times slower than without it.
    """
    cores = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
    return max(1, len(cores) - 1)


def main() -> None:
    """Serve until the input ends."""
    wish = json.loads(sys.stdin.readline())
    # What the library prints goes to the log; the answer has the output to itself.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    import xllamacpp  # noqa: PLC0415  # it prints while it loads

    options = xllamacpp.CommonParams()
    options.model.path = wish["path"]
    options.n_ctx = wish["context"]
    options.n_parallel = 1
    for threads in (options.cpuparams, options.cpuparams_batch):
        threads.n_threads = spare_cores()
    options.hostnames = [LOOPBACK]
    options.port = 0
    options.api_keys = [wish["key"]]
    options.ui = False
    options.endpoint_slots = False
    options.offline = True
    options.verbosity = ONLY_ERRORS
    server = xllamacpp.Server(options)
    answers.write(json.dumps({"url": server.listening_address}) + "\n")
    answers.flush()
    sys.stdin.read()
    # Its threads are ended as they are: nothing that they hold is kept.
    os._exit(0)


if __name__ == "__main__":
    main()

"""The process that finds one large difference: a question comes in, an answer goes out.

`python -m core.checkpoints.diff.worker` reads standard input to its end.
"""

import sys

from core.checkpoints.diff.difference import difference
from core.checkpoints.diff.wire import Question, unproven, written
from core.clock import Clock, SystemClock
from core.errors.rca import DiffUnprovenError


def answer(data: bytes, clock: Clock) -> bytes:
    """Return the answer to a question."""
    end = clock.monotonic()
    asked = Question.read(data)
    end += asked.limits.seconds
    try:
        found = difference(
            asked.before,
            asked.after,
            rules=asked.rules,
            limits=asked.limits,
            is_late=lambda: clock.monotonic() > end,
        )
    except DiffUnprovenError as error:
        return unproven(error)
    return written(found)


if __name__ == "__main__":
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read(), SystemClock()))

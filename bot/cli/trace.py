"""Keeps the trace of a bug in a file that only its owner can read."""

import os
import re
import tempfile
import traceback
from pathlib import Path

PASSWORD = re.compile(r"(?<=://)[^/\s@]+(?=@)")


def write_trace(error: BaseException) -> Path:
    """Write the trace into the folder for temporary files; return where.

    Names and passwords in addresses are masked.
    """
    text = "".join(traceback.format_exception(error))
    handle, name = tempfile.mkstemp(prefix="nofx-trace-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(PASSWORD.sub("***", text))
    return Path(name)

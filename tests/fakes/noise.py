"""Bytes that do not compress, the same ones every time."""

from random import Random


def noise(size: int, seed: int = 0) -> bytes:
    """Return `size` bytes of noise; each seed has its own."""
    return Random(seed).randbytes(size)  # noqa: S311 # it must be the same every time

"""Measures how fast secrets are masked, beside the scanner alone, which is the floor.

Run `python -m tests.benchmarks.masking`; `--quick` for a rough look. Rounds are
interleaved, so that a busy machine slows all alike; medians of processor time are
printed. Masking looks at the text as it is and at each reading of it: without what
cannot be seen, with escapes undone, out of Base64.
"""

import base64
import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from core.secrets import JsonValue, Masker, SecretFinder
from tests.benchmarks.programs.machine import busy

ROOT = Path(__file__).parents[2]
AIM = 2.0
TOKEN = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6"
OWN = ("a webhook secret, long enough", "mongodb://nofx:pw12345678@db.internal/nofx")
HOSTILE = {
    "%25252541…": "%25252541" * 100_000,
    "%2525…": "%" + "25" * 450_000,
    "a<U+200B>…": "a\u200b" * 450_000,
    "Base64 of words": base64.b64encode(b"hello wor" * 75_000).decode(),
    "backslashes": "\\" * 900_000,
    "tokens": f"{TOKEN} " * 22_000,
}
CAPTION = "Characters are counted; code is this repository's own, file by file."


def main(
    rounds: Annotated[int, typer.Option(help="Interleaved measurements.")] = 7,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A rough look.")] = False,
) -> None:
    """Measure, and print a table."""
    rounds = 3 if quick else rounds
    console = Console(width=100)
    console.print(f"Before: {busy()}.")
    finder = SecretFinder()
    finder.warm()
    masker = Masker(OWN, finder=finder)
    table = Table(title="Masking", caption=CAPTION)
    for head in ("", "MB", "scanner MB/s", "mask MB/s", ""):
        table.add_column(head, justify="right")
    for name, texts in corpora().items():
        size = sum(map(len, texts)) / 1e6
        data = [text.encode("utf-8", "surrogatepass") for text in texts]
        works = (
            partial(each, finder._scanner().scan, data),
            partial(each, masker.mask, texts),
        )
        floor, ours = interleaved(rounds, *works)
        speed = size / ours
        words = "" if speed >= AIM else f"under {AIM:g}"
        cells = f"{size:.2f}", f"{size / floor:.0f}", f"{speed:.1f}", words
        table.add_row(name, *cells)
    console.print(table)
    console.print(document(masker, rounds))
    console.print(f"After: {busy()}.")


def corpora() -> dict[str, list[str]]:
    """Return what is masked, by name."""
    paths = sorted([*ROOT.glob("bot/**/*.py"), *ROOT.glob("core/**/*.py")])
    code = [path.read_text() for path in paths]
    hidden = [f"{text}\n# {base64.b64encode(TOKEN.encode()).decode()}" for text in code]
    return {
        "code": code,
        "code with a secret in each file": hidden,
        "code in one text": ["\n".join(code)],
        "code in JSON": [json.dumps(code)],
        **{f"hostile: {name}": [text] for name, text in HOSTILE.items()},
    }


def document(masker: Masker, rounds: int) -> str:
    """Return what masking a small and a long message costs, in words."""
    words = []
    for size in (200, 4096):
        text = ("Please look at the retry in core/store/database.py. " * 100)[:size]
        value: JsonValue = {"text": text, "author": "ada", "refs": {"comment": "17"}}
        values = [value] * 200
        (cost,) = interleaved(rounds, partial(each, masker.mask_json, values))
        micros = cost / len(values) * 1e6
        words.append(f"a message of {size} characters {micros:.0f} µs")
    return f"As JSON: {', '.join(words)}."


def each(work: Callable[[Any], object], values: Sequence[Any]) -> None:
    """Do something with each of the values."""
    for value in values:
        work(value)


def interleaved(rounds: int, *works: Callable[[], object]) -> list[float]:
    """Return the median of processor seconds of each, done in turn."""
    spent: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, times in zip(works, spent, strict=True):
            started = time.process_time()
            work()
            times.append(time.process_time() - started)
    return [median(times) for times in spent]


if __name__ == "__main__":
    typer.run(main)

"""Answers of a language model as tests write them, by the lines that it was shown."""

import json
import re
from collections.abc import Callable, Iterator, Mapping

from core.review.chat import Question

BLOCK = re.compile(
    r"^\[([0-9a-f]{8}) [a-z]+(?: from [^\]\n]*)? file ([^\n]*)\]\n(.*?)\n\[\1 end\]",
    re.MULTILINE | re.DOTALL,
)
CHANGED = re.compile(r"(-?[0-9]+#[0-9a-f]+)\|(.*)")


def shown(question: Question) -> dict[str, list[str]]:
    """Return the lines of each file in a question, with signs, numbers and hashes."""
    return {
        name: text.split("\n") for _, name, text in BLOCK.findall(question.material)
    }


def reference(question: Question, path: str, code: str) -> str:
    """Return by which words a model names the first changed line with this code."""
    for name, text in _changed(question, path):
        if code in text:
            return name
    raise LookupError(code)


def _changed(question: Question, path: str) -> Iterator[tuple[str, str]]:
    """Yield the changed lines of a file: how they are named, and their code."""
    for line in shown(question)[path]:
        if match := CHANGED.match(line):
            yield match[1], match[2]


def finding(
    question: Question, path: str, code: str, **changes: object
) -> dict[str, object]:
    """Return a finding on the first line with this code in it."""
    line = reference(question, path, code)
    return {
        "path": path,
        "first": line,
        "last": line,
        "severity": "warning",
        "confidence": 0.9,
        "rule": "scripted",
        "title": "Look here",
        "body": "Somebody should.",
        "suggestion": None,
        **changes,
    }


def answer(
    *findings: dict[str, object], changes: Mapping[str, str] | None = None
) -> str:
    """Return the whole answer by the schema; `changes` are sentences by path."""
    told = [{"path": path, "change": one} for path, one in (changes or {}).items()]
    return json.dumps({"findings": list(findings), "changes": told})


def on(code: str, **changes: object) -> Callable[[Question], str]:
    """Return a model's part that remarks on every shown line with this code in it."""

    def says(question: Question) -> str:
        return answer(
            *(
                {
                    **finding(question, path, code),
                    "first": name,
                    "last": name,
                    **changes,
                }
                for path in shown(question)
                for name, text in _changed(question, path)
                if code in text
            )
        )

    return says

"""A model's part in a second look, as tests write it by what the claims say."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from core.review.chat import Question
from core.review.second.template import NAME

CLAIM = re.compile(r"^(c[0-9]+), [^\n]*?, (?:info|warning|error): (.*)$", re.MULTILINE)
Opinion = Mapping[str, Any]
HOLDS: Opinion = {"verdict": "holds", "reason": "so it is", "same_as": None}


def refuted(reason: str) -> Opinion:
    """Return the opinion that a claim is wrong."""
    return {"verdict": "refuted", "reason": reason, "same_as": None}


def unsure(reason: str) -> Opinion:
    """Return the opinion that the code shown does not tell."""
    return {"verdict": "unsure", "reason": reason, "same_as": None}


def same_as(claim: str) -> Opinion:
    """Return the opinion that a claim holds, and was made before."""
    return {**HOLDS, "same_as": claim}


def claims(question: Question) -> dict[str, str]:
    """Return the claims in a question, by name."""
    return dict(CLAIM.findall(question.material))


def says(opinions: Mapping[str, Opinion]) -> Callable[[Question], str]:
    """Return a part that has an opinion of claims by the words in them, else holds."""

    def answers(question: Question) -> str:
        assert question.name == NAME
        listed: list[Opinion] = []
        for name, text in claims(question).items():
            fitting = (what for word, what in opinions.items() if word in text)
            listed.append({"claim": name, **next(fitting, HOLDS)})
        return json.dumps({"answers": listed})

    return answers

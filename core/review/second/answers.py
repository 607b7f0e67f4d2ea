"""What a second look's answer means: read with care, believed only where it fits."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from core.review.findings import Finding
from core.review.likeness import relatable, survivors
from core.review.prompt.json_text import found_in
from core.review.sanitize import clean_line
from core.review.second.template import Answered, Opinion

# What stands for a list of answers that is none.
UNREADABLE = "the answer of the second look could not be read"
SILENT = "the second look did not speak of it"
LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What an answer says of findings, by fingerprint; the values are reasons.

    `joined` maps to the finding that says the same. `repairs` tell what was wrong with
    the answer, and what of it was not believed.
    """

    refuted: Mapping[str, str] = field(default_factory=dict)
    joined: Mapping[str, str] = field(default_factory=dict)
    unsure: Mapping[str, str] = field(default_factory=dict)
    unseen: Mapping[str, str] = field(default_factory=dict)
    repairs: tuple[str, ...] = ()


def read(text: str, claims: Mapping[str, Finding]) -> Read:
    """Read an answer about these claims; what cannot be read refutes nothing.

    It can take long: call it in a thread.
    """
    repairs: list[str] = []
    listed = _listed(text, repairs)
    if listed is None:
        unseen = {one.fingerprint: UNREADABLE for one in claims.values()}
        return Read(unseen=unseen, repairs=tuple(repairs))
    answers = _known(listed, claims, repairs)
    refuted: dict[str, str] = {}
    unsure: dict[str, str] = {}
    for name, one in answers.items():
        reason = clean_line(one.reason, limit=LONGEST)
        if one.verdict is Opinion.UNSURE:
            unsure[claims[name].fingerprint] = reason or "it did not say why"
        elif one.verdict is Opinion.REFUTED and not reason:
            repairs.append(f"{name} was refuted without a reason, so it stands")
        elif one.verdict is Opinion.REFUTED:
            refuted[claims[name].fingerprint] = reason
    return Read(
        refuted=refuted,
        joined=_joined(answers, claims, refuted, repairs),
        unsure=unsure,
        unseen={
            one.fingerprint: SILENT
            for name, one in claims.items()
            if name not in answers
        },
        repairs=tuple(repairs),
    )


def _listed(text: str, repairs: list[str]) -> Sequence[Any] | None:
    """Return the answers as they came, or None when there are none to be found."""
    found = found_in(text)
    repairs += found.repairs
    listed = found.value
    if isinstance(listed, dict):
        listed = listed.get("answers")
    if not isinstance(listed, list):
        why = f": {found.problem}" if found.problem else ""
        repairs.append(f"{UNREADABLE}{why}")
        return None
    return listed


def _known(
    listed: Sequence[Any], claims: Mapping[str, Finding], repairs: list[str]
) -> dict[str, Answered]:
    """Return the answers that fit, one for a claim; two for one are none."""
    fitting: list[Answered] = []
    for place, one in enumerate(listed):
        try:
            answer = Answered.model_validate(one)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "it"
            repairs.append(f"answer {place + 1}: {where}: {first['msg']}")
            continue
        if answer.claim in claims:
            fitting.append(answer)
        else:
            repairs.append(f"answer {place + 1} is about a claim that nobody made")
    counts = Counter(one.claim for one in fitting)
    repairs += [f"{name} was answered twice" for name in counts if counts[name] > 1]
    return {one.claim: one for one in fitting if counts[one.claim] == 1}


def _joined(
    answers: Mapping[str, Answered],
    claims: Mapping[str, Finding],
    refuted: Mapping[str, str],
    repairs: list[str],
) -> dict[str, str]:
    """Map findings to the ones that stay for them, where that can be believed."""
    pairs: list[tuple[str, str]] = []
    for name, one in answers.items():
        if one.same_as is None or one.same_as == name:
            continue
        mine, other = claims[name], claims.get(one.same_as)
        if mine.fingerprint in refuted:
            continue
        if other is None or other.fingerprint in refuted or not relatable(mine, other):
            repairs.append(f"{name} is not the same as {clean_line(one.same_as)}")
            continue
        pairs.append((mine.fingerprint, other.fingerprint))
    return survivors(tuple(claims.values()), pairs)

"""What a hosted model did not do.

Every rule here is certain when the error failed its step, likely when the step was not
done after it, possible when a later try got through.
"""

from collections.abc import Callable, Iterator

from core.rca.cause import Cause
from core.rca.causes.blame import Blame, again, blamed
from core.rca.causes.faults import Fault
from core.rca.story import Story
from core.rca.words import sentence


def model_refused(story: Story) -> Iterator[Cause]:
    """Find that the model would not answer."""
    return _of(
        story,
        "model_refused",
        "model_refused",
        lambda fault: (
            f"The {_model(story, fault)} refused to answer {fault.where}: "
            f"{fault.fact('reason', 'it gave no reason')}"
        ),
        "Look at the question in model/ of the bundle, or set NOFX_MODEL to another",
    )


def model_bad_schema(story: Story) -> Iterator[Cause]:
    """Find that the model's answer did not fit its schema, also after repairs."""
    return _of(
        story,
        "model_bad_schema",
        "model_answer",
        lambda fault: (
            f"The answer of the {_model(story, fault)} did not fit its schema "
            f"{fault.where}, at {fault.fact('place', 'some place')}: "
            f"{fault.fact('reason', 'no reason is known')}"
        ),
        "Look at the raw answer and its repairs in model/ of the bundle",
    )


def model_budget(story: Story) -> Iterator[Cause]:
    """Find that the budget for the model was used up."""
    return _of(
        story,
        "model_budget",
        "model_budget",
        lambda fault: (
            f"The budget for the {_model(story, fault)} was used up {fault.where}: "
            f"{fault.fact('used', 'all')} of {fault.fact('limit', 'it')} "
            f"{fault.fact('unit', 'tokens')}"
        ),
        "Raise the budget, or split the change",
    )


def model_rate_limited(story: Story) -> Iterator[Cause]:
    """Find that the model's service asked for silence."""
    return _of(
        story,
        "model_rate_limited",
        "model_rate_limited",
        lambda fault: (
            f"The {_model(story, fault)} took no questions until "
            f"{fault.moment('retry_at')} {fault.where}"
        ),
        "Wait for that moment, or let fewer runs work at once (NOFX_WORKERS)",
    )


def _of(
    story: Story, name: str, code: str, words: Callable[[Fault], str], action: str
) -> Iterator[Cause]:
    blame = Blame(
        name=name,
        matches=lambda fault: fault.code == code,
        sentence=lambda fault: sentence(words(fault)),
        next_action=lambda fault: f"{action}, then {again(story, fault.step)}.",
    )
    return blamed(story, blame)


def _model(story: Story, fault: Fault) -> str:
    return f"model {fault.fact('model') or story.setup.model or 'of the review'}"

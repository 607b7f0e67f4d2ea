"""What a hosted model refuses, and what its answers are refused for."""

from datetime import datetime

from core.errors.families import ConflictError, InputError, NofxError, UnavailableError


class ModelRefusedError(NofxError):
    """The model, or the service that runs it, would not answer this question."""

    message = "The model {model} refused to answer: {reason}"
    hint = "Look at the question in the run's bundle, or set NOFX_MODEL to another."


class ModelAnswerError(NofxError):
    """The model's answer does not fit its schema, also after it was to mend it."""

    message = "The answer of {model} does not fit {schema} at {place}: {reason}"
    hint = "Run the step again; if it comes back, set NOFX_MODEL to another model."


class ModelBudgetError(ConflictError):
    """A question would cost more than what is left of a budget."""

    message = "The budget of {limit} {unit} for {model} is used up: {used} {unit}."
    hint = "Raise the budget, or split the change; nothing was asked beyond it."


class ModelRateLimitedError(UnavailableError):
    """The model's service asked us to wait for longer than a call may sleep."""

    message = "{model} takes no questions until {retry_at:%Y-%m-%d %H:%M:%S} UTC."
    hint = "Nothing to do: the run waits for that moment and goes on by itself."

    def __init__(self, *, model: str, retry_at: datetime) -> None:
        super().__init__(model=model, retry_at=retry_at)
        self.retry_at = retry_at


class ModelUnavailableError(UnavailableError):
    """Nobody answered for the model in time, or its service said that it cannot."""

    message = "{model} does not answer: {reason}."
    hint = "The run asks again by itself; a second model in NOFX_MODEL, at once."


class ModelKeyRefusedError(NofxError):
    """The model's service knows the key not; `forbidden`: lets it not use the model."""

    message = "The service of {model} refuses the key in {variable}."
    hint = "Put a key that may use {model} into {variable}, and start nofx again."


class ModelRejectedError(NofxError):
    """The model's service takes a question like this one from nobody."""

    message = "The service of {model} does not take the question: {reason}."
    hint = "Compare the name in NOFX_MODEL, and NOFX_MODEL_URL, with the service's own."


class ModelExtraError(InputError):
    """The library that speaks to the model is not installed."""

    message = "{model} needs a library that is not installed: {library}."
    hint = "Run: pip install 'nofx[{extra}]'"


class ModelFileError(InputError):
    """The file of a local model cannot be served."""

    message = "The model file {path} cannot be used: {reason}."
    hint = "Name a GGUF file that can be read: NOFX_MODEL=local:/models/NAME.gguf"

"""What a service's refusal means, in our own errors: none quotes a key."""

from datetime import timedelta
from http import HTTPStatus

from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelHTTPError,
    ModelOverloadedError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    ModelTimeoutError,
)

from core.clock import Clock
from core.errors import (
    ModelKeyRefusedError,
    ModelRateLimitedError,
    ModelRefusedError,
    ModelRejectedError,
    ModelUnavailableError,
    NofxError,
)
from core.review.sanitize import clean_line

# What is waited when a service wants silence and does not say for how long.
USUAL_SILENCE = 30.0
LONGEST_SILENCE = 24 * 3600.0
LONGEST_REASON = 300
FILTERS = frozenset({"content_filter", "content_policy_violation"})
# Words of a service that knows no schema for answers, or not this one.
ABOUT_SCHEMA = ("schema", "response_format", "output_format", "output_config")


def meant(
    error: ModelAPIError, *, model: str, variable: str, key: str | None, clock: Clock
) -> NofxError:
    """Return our error for the library's."""
    if isinstance(error, ModelAuthenticationError):
        status = error.status_code if isinstance(error, ModelHTTPError) else None
        return ModelKeyRefusedError(
            model=model, variable=variable, forbidden=status == HTTPStatus.FORBIDDEN
        )
    reason = told(error, key)
    if isinstance(error, ModelQuotaExceededError):
        return ModelUnavailableError(
            model=model, reason=f"the account has nothing left: {reason}"
        )
    if isinstance(error, (ModelRateLimitError, ModelOverloadedError)):
        wait = USUAL_SILENCE if error.retry_after is None else error.retry_after
        wait = min(max(wait, 0.0), LONGEST_SILENCE)
        moment = clock.now() + timedelta(seconds=wait)
        return ModelRateLimitedError(model=model, retry_at=moment)
    if error.provider_error_code in FILTERS:
        return ModelRefusedError(model=model, reason=reason)
    if isinstance(error, ModelRequestRejectedError):
        return ModelRejectedError(model=model, reason=reason)
    if isinstance(error, ModelTimeoutError):
        reason = "it took too long"
    return ModelUnavailableError(model=model, reason=reason)


def about_schema(error: ModelAPIError) -> bool:
    """Tell whether a service would take the question without its schema."""
    if type(error) is ModelHTTPError or isinstance(error, ModelAuthenticationError):
        return False
    words = f"{error.provider_error_code} {error.body}".lower()
    rejected = isinstance(error, ModelRequestRejectedError)
    return rejected and any(word in words for word in ABOUT_SCHEMA)


def told(error: ModelAPIError, key: str | None) -> str:
    """Return what the service says is wrong, in one line without the key."""
    body = error.body
    if isinstance(body, dict):
        inner = body.get("error", body)
        body = inner.get("message") if isinstance(inner, dict) else inner
    status = f"HTTP {error.status_code}" if isinstance(error, ModelHTTPError) else ""
    said = body if isinstance(body, str) and body.strip() else ""
    if not status and not said:
        said = str(error)
    words = f"{status} {said}"
    if key:
        words = words.replace(key, "***")
    return clean_line(words, limit=LONGEST_REASON).rstrip(".")

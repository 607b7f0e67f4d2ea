"""How a service is reached: values alone."""

from dataclasses import dataclass

from pydantic import SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """An address other than the service's usual one, a key, and patience.

    `variable` is where the key is set, `window` how many tokens fit, if that is known.
    Without a `temperature` a model answers as its makers set it.
    """

    key: SecretStr | None
    variable: str
    url: str | None = None
    seconds: float = 300.0
    window: int | None = None
    temperature: float | None = None

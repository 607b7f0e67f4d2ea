"""Whom an event is about, as a value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class About:
    """A repository by its full name and a pull request of it; None is none."""

    repository: str | None = None
    pull: int | None = None

    @property
    def subject(self) -> str | None:
        """Return it as people write it: `octo/hello#7`, `octo/hello`, or None."""
        if self.repository is None or self.pull is None:
            return self.repository
        return f"{self.repository}#{self.pull}"


NOBODY = About()

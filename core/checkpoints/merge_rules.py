"""What a pipeline declares about its state, so that a merge can look inside."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.checkpoints.pointers import Tokens, matches, tokens_of


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes two items of a list the same item: the item's `part`.

    A name is a field of an object, 0 the first of a pair, None the item as a whole.
    """

    part: str | int | None


BY_VALUE = Identity(None)
BY_PAIR = Identity(0)


def by_field(name: str) -> Identity:
    """Tell items, which are objects, apart by the field `name`."""
    return Identity(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRules:
    """Lists with an identity and texts, each by a JSON pointer; `*` is any one step.

    A list that is not declared, or in which two items have one identity, is taken as
    a whole; so is a string that is not declared as text.
    """

    identities: Mapping[str, Identity] = field(default_factory=dict)
    texts: tuple[str, ...] = ()

    def identity(self, path: Tokens) -> Identity | None:
        """Return what tells apart the items of the list at `path`."""
        for pattern, identity in self.identities.items():
            if matches(tokens_of(pattern), path):
                return identity
        return None

    def is_text(self, path: Tokens) -> bool:
        """Tell whether the string at `path` is a text of lines."""
        return any(matches(tokens_of(pattern), path) for pattern in self.texts)

"""What the collections must look like, as values: validators, indexes, versions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.store.database import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSpec:
    """One index over `keys`, ascending, and what it forbids.

    `partial` limits it to the documents that match; `expire_after_seconds` makes it a
    TTL index. A field that is read by ranges must come last, and there is no descending
    order: the embedded server answers wrongly from such indexes.
    """

    keys: tuple[str, ...]
    unique: bool = False
    partial: Mapping[str, Any] | None = None
    sparse: bool = False
    expire_after_seconds: int | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        if not self.keys:
            msg = "an index needs at least one field"
            raise ValueError(msg)

    @property
    def name(self) -> str:
        """Return its label, else MongoDB's default name such as `stream_1_seq_1`."""
        return self.label or "_".join(f"{key}_1" for key in self.keys)

    @property
    def order(self) -> list[tuple[str, int]]:
        """Return the keys as the driver takes them."""
        return [(key, 1) for key in self.keys]

    @property
    def options(self) -> Document:
        """Return what `create_index` takes beside the keys, and MongoDB reports."""
        options: Document = {}
        if self.unique:
            options["unique"] = True
        if self.sparse:
            options["sparse"] = True
        if self.partial is not None:
            options["partialFilterExpression"] = dict(self.partial)
        if self.expire_after_seconds is not None:
            options["expireAfterSeconds"] = self.expire_after_seconds
        return options


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionSpec:
    """One collection: the validator that every write must pass, and its indexes.

    `retired` names indexes of earlier versions, which a migration drops.
    The embedded server tries `$expr` on an empty document when it takes a validator:
    guard array operators with `$isArray`, or it refuses the whole validator.
    """

    name: str
    validator: Mapping[str, Any] | None = None
    indexes: tuple[IndexSpec, ...] = ()
    retired: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [*(index.name for index in self.indexes), *self.retired]
        if len(set(names)) != len(names):
            msg = f"two indexes of {self.name} have one name: {sorted(names)}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """Every collection of one version of the program; versions count upwards from 1."""

    version: int
    collections: tuple[CollectionSpec, ...]

    def __post_init__(self) -> None:
        names = [collection.name for collection in self.collections]
        if len(set(names)) != len(names):
            msg = f"two collections have one name: {sorted(names)}"
            raise ValueError(msg)


ChangeKind = Literal[
    "collection_created",
    "validator_replaced",
    "index_created",
    "index_dropped",
    "version_raised",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that a migration did."""

    kind: ChangeKind
    collection: str
    detail: str = ""

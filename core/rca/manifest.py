"""What a bundle's manifest says of it, read from a file that claims to be one."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
SHA256 = r"^[0-9a-f]{64}$"


class ListedMember(BaseModel):
    """One member: how long it is, its sum, and the collector that wrote it."""

    model_config = ConfigDict(frozen=True)

    name: str
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=SHA256)]
    collector: str = ""


class CauseName(BaseModel):
    """The probable cause as the first screen has it."""

    model_config = ConfigDict(frozen=True)

    name: str = ""
    sentence: str = ""
    confidence: str = ""


class CollectionError(BaseModel):
    """A collector that failed, and why."""

    model_config = ConfigDict(frozen=True)

    collector: str
    error: str


class Manifest(BaseModel):
    """Which run a bundle tells of, up to which of its entries, and all its members."""

    model_config = ConfigDict(frozen=True)

    format: str
    name: str
    run_id: str
    repository: str = ""
    pull: int = 0
    head_sha: str = ""
    status: str = ""
    conclusion: str | None = None
    outcome: str = ""
    seq: int = 0
    head_hash: str = ""
    as_of: str = ""
    made_by: str = ""
    cause: CauseName = CauseName()
    members: tuple[ListedMember, ...] = ()
    errors: tuple[CollectionError, ...] = ()


class Headed(BaseModel):
    """The one field of a manifest that every format has."""

    format: str

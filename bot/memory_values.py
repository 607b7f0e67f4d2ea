"""The settings of session memory, each with its bounds and what it should be."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

KeyFile = Annotated[
    Path | None,
    Field(
        description="the path of a file that only this user can read, with a line"
        " `id:key` for each key of 32 bytes in Base64"
    ),
]
Keys = Annotated[
    SecretStr | None,
    Field(description="`id:key` for each key of 32 bytes in Base64, split by commas"),
]
Days = Annotated[
    int,
    Field(
        ge=1,
        le=3650,
        description="days a session lives after its last item, 1 to 3650",
    ),
]
BackupDays = Annotated[
    int,
    Field(ge=0, le=3650, description="days after which no backup is left, 0 to 3650"),
]

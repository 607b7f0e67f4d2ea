"""What all answers share."""

from pydantic import BaseModel, ConfigDict


class Shown(BaseModel):
    """A value that can be made from one of ours by its attributes."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

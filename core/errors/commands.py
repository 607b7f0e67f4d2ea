"""What a command in a comment is refused for, before anybody acts on it."""

from core.errors.families import InputError


class CommandUnclearError(InputError):
    """The words after the verb are not what it takes."""

    message = "It is not clear what is wanted: {reason}."
    hint = "It is written so: {usage}"

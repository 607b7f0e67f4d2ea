"""Says who gave a command, for everything that is answered for."""

import getpass


def at_keyboard() -> str:
    """Return who sits at the keyboard, as the machine knows them, such as `cli:ada`."""
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):
        return "cli"

"""`python -m bot`, which is `nofx`."""

import sys

from bot.cli.exits import Exit


def main() -> None:
    """Run the command line and end with its exit code."""
    try:
        from bot.cli.app import app  # noqa: PLC0415  # Ctrl-C may come while it loads

        app(prog_name="nofx")
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)


if __name__ == "__main__":
    main()

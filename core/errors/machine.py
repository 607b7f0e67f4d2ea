"""What this machine or its settings do not allow."""

from core.errors.families import ConflictError, InputError, UnavailableError


class SettingsError(InputError):
    """One or more settings cannot be used; each is named with what would be right."""

    message = "These settings cannot be used:\n{problems}"
    hint = "Set them in the environment or in .env, then run `nofx doctor`."


class OptionsError(InputError):
    """The options of a command do not go together."""

    message = "{reason}"
    hint = "See the examples in `nofx {command} --help`."


class SetupAddressError(InputError):
    """GitHub has to know where it will reach nofx."""

    message = "GitHub must be told where it reaches nofx."
    hint = "Set NOFX_PUBLIC_URL to that https address, then run `nofx setup` again."


class SetupDoneError(ConflictError):
    """The App is made already, and its setup is closed: HTTP 410."""

    message = "The App is set up already."
    hint = "To make another, unset NOFX_APP_ID, the key and the secrets, or app.env."


class AddressTakenError(UnavailableError):
    """The bot cannot listen where it was told to."""

    message = "Cannot listen on {host}:{port}: {reason}"
    hint = "Stop what listens there, or choose another with PORT or --port."


class DemoFailedError(UnavailableError):
    """The demo did not come to a review."""

    message = "The demo came to no review: {reason}."
    hint = "The log {log} tells more; `nofx doctor` checks what a review needs."


class FileUnreadableError(InputError):
    """A file that was named cannot be read."""

    message = "{path} cannot be read: {reason}."
    hint = "Check the name and the permissions; - means standard input."


class FileUnwritableError(InputError):
    """A file that was to be written cannot be."""

    message = "{path} cannot be written: {reason}."
    hint = "Check that the folder exists and may be written to."


class UnsafePathError(InputError):
    """A file name of a pull request would leave the folder it belongs in."""

    message = "The file name {path} {reason}."
    hint = "nofx does not write such a file; it counts as not reviewed."


class SandboxUnavailableError(UnavailableError):
    """A program could not be started in the sandbox."""

    message = "The sandbox could not start the program: {reason}"
    hint = "Run `nofx doctor`; it tells which walls and programs work here."


class AnalyzerUnavailableError(UnavailableError):
    """An analyzer's program is not installed beside Python."""

    message = "The analyzer {name} is not at {path}."
    hint = "Install nofx again with its dependencies: pip install nofx."


class UnknownModelError(InputError):
    """No adapter has that name."""

    message = "There is no model named {name}."
    hint = "Set NOFX_MODEL to one of: {known}."


class RetentionMissingError(InputError):
    """Nobody said how old an event must be to be deleted."""

    message = "Events are kept for ever: NOFX_EVENT_RETENTION is 0."
    hint = "Say how old they must be, such as --older-than 90d, or set it to days."


class OptionInvalidError(InputError):
    """An option of a command is not what it has to be."""

    message = "{option} does not fit: {reason}."
    hint = "The command's --help shows what each option takes."


class SpanError(InputError):
    """A span of time cannot be read."""

    message = "{text} is not a span of time."
    hint = "Write a number and m, h, d or w, such as 12h or 30d."

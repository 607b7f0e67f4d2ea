"""What is wrong with a change that is to be reviewed."""

from core.errors.families import InputError, UnavailableError


class GitReadError(InputError):
    """git could not read what was asked of it."""

    message = "git could not read {path}: {reason}"
    hint = "Check that it is a git repository and that the commits exist."


class GitMissingError(UnavailableError):
    """The program git is not on this machine's PATH."""

    message = "There is no git on the PATH."
    hint = "Install git, or give the change with --diff FILE."


class NotARepositoryError(InputError):
    """A folder is not in a git repository, or git will not work in it."""

    message = "There is no usable git repository at {path}: {reason}."
    hint = "Name the folder of a clone with --repo PATH."


class UnknownRefError(InputError):
    """A name stands for no commit of the repository."""

    message = "{ref!r} names no commit in the git repository at {path}."
    hint = "Check the name, or fetch it first; a shallow clone holds few commits."


class NoCommonHistoryError(InputError):
    """Two commits share no ancestor that the repository knows."""

    message = "The commits {base} and {head} have no common history here."
    hint = "In a shallow clone, fetch the rest: git fetch --unshallow."


class EmptyChangeError(InputError):
    """There is nothing to review."""

    message = "There is no change {where}."
    hint = "Give two commits that differ, or a diff that is not empty."


class EventFileError(InputError):
    """A file does not hold GitHub's payload of a pull_request event."""

    message = "The event is not a pull_request payload: {reason}."
    hint = "In GitHub Actions, give the file that $GITHUB_EVENT_PATH names."


class DiffSyntaxError(InputError):
    """The text is not a unified diff, or only a part of one."""

    message = "The diff cannot be read at line {line}: {reason}."
    hint = "Give the whole, unchanged output of `git diff` between two commits."


class DiffTooLargeError(InputError):
    """The diff is larger than what is read into memory."""

    message = "The diff is too large: {size} {unit}, and {limit} is the limit."
    hint = "Review a smaller range of commits, or leave generated files out."

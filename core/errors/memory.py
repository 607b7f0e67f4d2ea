"""What goes wrong with session memory: its keys, its items, its redaction."""

from core.errors.families import (
    ConflictError,
    InputError,
    NofxError,
    NotFoundError,
    UnavailableError,
)

PLACES = "NOFX_MEMORY_KEY_FILE, NOFX_MEMORY_KEYS or memory.keys in NOFX_DATA_DIR"
KEYS = "`nofx memory keys list` tells which keys there are and which are needed."


class MemoryOffError(UnavailableError):
    """Nothing is remembered, for there is no key to encrypt it with."""

    message = "Session memory is off: no key is configured."
    hint = "Set NOFX_MEMORY_KEY_FILE or NOFX_MEMORY_KEYS; see the README."


class MemoryKeyError(UnavailableError):
    """A key that memory needs cannot be used; nothing is read or overwritten."""

    message = "The memory key {key_id} cannot be used."
    hint = KEYS


class MemoryKeyMissingError(MemoryKeyError):
    """The key is nowhere among those that this process was given."""

    message = "The memory key {key_id} is not among the keys of this process."
    hint = f"Put it where its keys are: {PLACES}. {KEYS}"


class MemoryKeyWrongError(MemoryKeyError):
    """The key has the right name and other bytes."""

    message = "The memory key {key_id} is not the key that was used under this name."
    hint = (
        f"Put back what {PLACES} had; a file that was lost is made anew with another"
        " key. Nothing was overwritten."
    )


class MemoryKeyRetiredError(MemoryKeyError):
    """The key was retired and opens nothing any more."""

    message = "The memory key {key_id} was retired."


class MemoryKeyAwayError(MemoryKeyError):
    """The service that holds the key does not answer, or refuses."""

    message = "The memory key {key_id} is out of reach: {reason}"


class MemoryKeyUsedError(ConflictError):
    """Sessions would become unreadable with the key."""

    message = "The memory key {key_id} is still needed: {used} are under it."
    hint = "Run `nofx memory keys rewrap` first; only `--force-shred` loses them."


class MemoryWrapBrokenError(MemoryKeyError):
    """What was wrapped with a key that is right does not open: it was changed."""

    message = "What was wrapped with the memory key {key_id} is not as it was wrapped."
    hint = "Somebody changed the database, or an old copy was put back; see the audit."


class MemoryRingMissingError(MemoryKeyError):
    """Sessions name a key, and the keyring that knows it is gone."""

    message = "The keyring is gone, and sessions are under the memory key {key_id}."
    hint = "Put the collection memory_keys back from a backup; nothing was written."


class MemoryKeysUnusableError(InputError):
    """The keys that were given cannot be used; a key is never quoted."""

    message = "The memory keys in {where} cannot be used: {reason}."
    hint = "{mend}"


class MemoryKeyWishError(InputError):
    """The keyring cannot be changed like this."""

    message = "The memory key {key_id} cannot be {wish}: {reason}."
    hint = KEYS


class SealBrokenError(NofxError):
    """What is stored is not what was sealed: it is refused, never shown."""

    message = "Item {seq} of session {session_id} is not as it was sealed: {reason}."
    hint = "Somebody changed the database, or an old copy was put back; see the audit."


class SessionNotFoundError(NotFoundError):
    """There is no such session, or it has ended, or the caller may not see it."""

    message = "There is no session {session_id}."
    hint = "`nofx memory list` shows the sessions that there are."


class ItemNotFoundError(NotFoundError):
    """The session has no such item, or it has expired."""

    message = "Session {session_id} has no item {seq}."
    hint = "`nofx memory show SESSION` lists its items."


class ItemTooLargeError(InputError):
    """An item is larger than memory takes: HTTP 413."""

    message = "The item has {size} bytes; at most {most} are kept in one."
    hint = "Keep a shorter one, or its parts."


class ItemMalformedError(InputError):
    """An item has no form that memory knows."""

    message = "The item cannot be kept: {reason}."
    hint = "Say it shorter, or as `/nofx help` shows it."


class ForkMemoryError(ConflictError):
    """What a fork's pull request may not reach: memory beyond its own session."""

    message = (
        "Pull request {number} is a fork's: what {repository} remembers is not for it."
    )
    hint = (
        "Leave out `--repository`, or ask on a pull request of the repository itself."
    )


class ImportLineError(InputError):
    """A line of an import cannot be used, so nothing of it was imported."""

    message = (
        "Line {line} of the import cannot be used: {reason}. Nothing was imported."
    )
    hint = "Import what `nofx memory export` wrote, whole and unchanged."


class ImportStoppedError(UnavailableError):
    """An import broke off on its way; what it had brought is there."""

    message = (
        "{done} of {items} items were imported into session {session_id}: {reason}"
    )
    hint = "Delete that session, and import into a fresh one."


class SessionMovedError(ConflictError):
    """The session has gone on since the caller looked at it."""

    message = "Session {session_id} is at item {head}, not at {expected}."
    hint = "Read it again and decide on what it says now."


class SessionRedactedError(ConflictError):
    """What the caller has read of the session was redacted meanwhile."""

    message = "Session {session_id} was redacted while this was being written."
    hint = "Read it again: what was made from the earlier text must not be kept."


class SessionHeldError(ConflictError):
    """A hold keeps the session or the item from being erased."""

    message = "Session {session_id} is held: {reason}."
    hint = "Release it first, or redact with `override_hold` and a reason."


class MortalWishError(InputError):
    """What is wished for a session's end, or against it, cannot be."""

    message = "This cannot be done with session {session_id}: {reason}."
    hint = "Give a reason, and a time that is still to come."


class NotificationError(UnavailableError):
    """An alert could not be sent to where notifications go."""

    message = "The notification was not taken: {reason}."
    hint = "See NOFX_NOTIFY_URL; it is sent again by itself."


class HoldNotFoundError(NotFoundError):
    """The session has no such hold."""

    message = "Session {session_id} has no hold {hold_id}."
    hint = "`nofx memory show SESSION` lists its holds."


class RedactionTargetError(InputError):
    """What is to be redacted cannot be found or understood."""

    message = "This cannot be redacted: {reason}."
    hint = "Name a message, a span in it, or a pattern in RE2's syntax."


class RedactionNotFoundError(NotFoundError):
    """The session has no such redaction."""

    message = "Session {session_id} has no redaction {redaction_id}."
    hint = "`nofx memory redactions SESSION` lists them."


class RedactionElsewhereError(ConflictError):
    """Another process has taken the redaction up and goes on with it."""

    message = "Another process goes on with the redaction {redaction_id}."
    hint = "`nofx memory show SESSION` tells how far it is."


class PreconditionError(ConflictError):
    """The session is at another revision than If-Match names: HTTP 412."""

    message = "Session {session_id} is at revision {revision} now."
    hint = "Read it again and send the ETag of what you decided on."


class AuditBrokenError(NofxError):
    """The chain of the audit does not add up."""

    message = "The audit is broken at entry {entry}: {reason}."
    hint = "Compare with the heads that you keep elsewhere; somebody changed history."


class AuditHeadError(InputError):
    """What was given is no head of the audit."""

    message = "{text} is no head of the audit."
    hint = "Give what `nofx audit head` printed: volume:entry:hash."

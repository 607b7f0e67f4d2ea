"""Every collection of this version of nofx, for `nofx migrate` and every start."""

from bot.webhooks.delivery_schema import DELIVERIES
from core.access.store import TOKENS
from core.access.ticket_store import TICKETS
from core.feed.index import FEED_INDEX
from core.feed.page import FEED_COLLECTIONS
from core.memory.alert_store import ALERTS_SPEC
from core.memory.keys.signing import SIGNING_KEYS
from core.memory.keys.store import KEYS
from core.memory.redaction_store import REDACTIONS_SPEC
from core.memory.schema import CONTENTS_SPEC, ITEMS_SPEC, SESSIONS_SPEC
from core.rca.schema import SPECS as BUNDLES
from core.review.ledger.store import SPEC as FINDINGS
from core.runs.constraints import collections
from core.store.blobs import BLOBS
from core.store.schema import Schema

SCHEMA = Schema(
    version=8,
    collections=(
        *collections(),
        FINDINGS,
        *FEED_COLLECTIONS,
        FEED_INDEX,
        *BLOBS,
        DELIVERIES,
        TOKENS,
        TICKETS,
        KEYS,
        SIGNING_KEYS,
        SESSIONS_SPEC,
        ITEMS_SPEC,
        CONTENTS_SPEC,
        ALERTS_SPEC,
        REDACTIONS_SPEC,
        *BUNDLES,
    ),
)

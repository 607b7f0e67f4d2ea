"""The API as a whole: every noun's endpoints, and their description."""

from functools import partial

from aiohttp import web

from bot.api import config_schema, event_schema, openapi
from bot.api.audit import AuditEndpoints
from bot.api.checkpoints import CheckpointEndpoints
from bot.api.described import BESIDE
from bot.api.description import Description
from bot.api.diffs import DiffEndpoints
from bot.api.events import EventEndpoints
from bot.api.findings import FindingEndpoints
from bot.api.gates import GateEndpoints
from bot.api.logs import LogEndpoints
from bot.api.merges import MergeEndpoints
from bot.api.operating import OperatingEndpoints
from bot.api.parts import PartEndpoints
from bot.api.reading import RunReading
from bot.api.redactions import RedactionEndpoints
from bot.api.run_findings import RunFindingEndpoints
from bot.api.runs import RunEndpoints
from bot.api.serving import AnyEndpoint, serve
from bot.api.session_ends import SessionEnds
from bot.api.session_export import SessionExport
from bot.api.sessions import SessionEndpoints
from bot.api.streams import Streams
from bot.api.tickets import TicketEndpoints
from bot.base import Base
from bot.operations import Operations
from core.audit.reader import AuditReader
from core.feed.replay import Replay
from core.memory.browsing import Browser
from core.memory.lister import SessionLister
from core.redaction.public_keys import public_keys


def endpoints_of(base: Base, operations: Operations) -> tuple[AnyEndpoint, ...]:
    """Return every endpoint, noun by noun."""
    reading = RunReading(base.runs)
    decisions = base.decisions
    operating = OperatingEndpoints(reading, operations=operations, ids=base.ids)
    checkpoints = CheckpointEndpoints(reading, blobs=base.blobs, decisions=decisions)
    parts = PartEndpoints(
        reading,
        lister=base.lister,
        journal=base.runs.journal,
        blobs=base.blobs,
        keys=partial(public_keys, base.database),
    )
    merges = MergeEndpoints(reading, merges=base.merges, operations=operations)
    browser = Browser(base.memory.store, clock=base.clock)
    sessions = SessionEndpoints(
        browser,
        lister=SessionLister(base.database, clock=base.clock),
        memory=base.memory,
        audit=base.audit,
        journal=base.runs.journal,
    )
    return (
        *RunEndpoints(reading, base.lister).endpoints(),
        *operating.endpoints(),
        *checkpoints.endpoints(),
        *DiffEndpoints(base.comparing).endpoints(),
        *FindingEndpoints(base.findings, base.audit).endpoints(),
        *GateEndpoints(reading, operations).endpoints(),
        *EventEndpoints(reading, Replay(base.database)).endpoints(),
        *parts.endpoints(),
        *LogEndpoints(reading, base.runs.logs).endpoints(),
        *RunFindingEndpoints(reading, base.runs, base.blobs).endpoints(),
        *merges.endpoints(),
        *TicketEndpoints(base.tickets).endpoints(),
        *sessions.endpoints(),
        *SessionEnds(sessions, browser, base.memory).endpoints(),
        *RedactionEndpoints(sessions, base.memory).endpoints(),
        *AuditEndpoints(AuditReader(base.runs.journal)).endpoints(),
    )


def add_routes(app: web.Application, base: Base, operations: Operations) -> None:
    """Serve the API and its description on `app`; bundles come beside it."""
    endpoints = endpoints_of(base, operations)
    mask = base.masker.mask
    serve(app, endpoints, tokens=base.tokens, ids=base.ids, mask=mask)
    Streams(base).add_routes(app)
    browser = Browser(base.memory.store, clock=base.clock)
    SessionExport(base, browser).add_routes(app)
    event_schema.add_routes(app)
    config_schema.add_routes(app)
    described = Description(
        lambda: openapi.document(endpoints, BESIDE), "application/json"
    )
    app.router.add_get("/openapi.json", described.answer)

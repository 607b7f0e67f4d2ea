"""One line for people on each type of event that tells how a run went."""

from functools import singledispatch

from core.events import schema
from core.events.base import Move, Payload
from core.rca.words import counted, lasting, said

MIB = 1024 * 1024


@singledispatch
def words_of(event: Payload) -> str:
    """Return one line on an event; what has no words of its own is told by its type."""
    return said(event.type, 80)


@words_of.register
def _(event: Move) -> str:
    name = f"{event.machine} {said(event.subject, 60)}" if event.subject else ""
    return f"{name or event.machine} became {said(event.to, 60)}"


@words_of.register
def _(event: schema.RunCreated) -> str:
    subject = f"{said(event.repository, 80)}#{event.pull}"
    who = said(event.requested_by, 60)
    return f"asked for by {who} ({said(event.reason, 80)}): {subject}"


@words_of.register
def _(event: schema.RunStateChanged) -> str:
    if event.transition == "claim":
        return f"taken up by {said(event.actor, 60)}"
    why = f": {said(event.reason)}" if event.reason else ""
    return f"the run became {event.to} by {said(event.actor, 60)}{why}"


@words_of.register
def _(event: schema.RunSuperseded) -> str:
    return f"superseded by run {said(event.by_run, 60)}"


@words_of.register
def _(event: schema.BranchCreated) -> str:
    return f"{event.origin} of run {said(event.family, 60)} by {said(event.actor, 60)}"


@words_of.register
def _(event: schema.StepStarted) -> str:
    return f"step {said(event.subject, 60)} began, attempt {event.attempt}"


@words_of.register
def _(event: schema.StepFinished) -> str:
    what = event.error or event.summary
    why = f": {said(what)}" if what else ""
    after = lasting(event.seconds)
    return f"step {said(event.subject, 60)} {event.to} after {after}{why}"


@words_of.register
def _(event: schema.StepRetried) -> str:
    how = {"back_off": "was put off", "lose": "was taken from its worker"}
    words = how.get(event.transition, f"became {event.to}")
    return f"step {said(event.subject, 60)} {words}: {said(event.error)}"


@words_of.register
def _(event: schema.StepReused) -> str:
    return f"step {said(event.subject, 60)} is that of run {said(event.from_run, 60)}"


@words_of.register
def _(event: schema.ModelCalled) -> str:
    tokens = event.input_tokens + event.output_tokens
    cost = f", {event.cost_usd:.4f} US dollars" if event.cost_usd else ""
    took = lasting(event.wall_seconds)
    model = said(event.request_model, 60)
    return f"model {model} answered after {took}, {counted(tokens, 'token')}{cost}"


@words_of.register
def _(event: schema.SandboxFinished) -> str:
    used = f"{lasting(event.wall_seconds)}, {event.peak_memory_bytes / MIB:.0f} MiB"
    end = f"killed by its {event.killed_by} limit" if event.killed_by else "ended"
    code = f" with {event.exit_code}" if event.exit_code else ""
    return f"program {said(event.program, 60)} {end}{code} ({used})"


@words_of.register
def _(event: schema.CheckpointCaptured) -> str:
    return f"checkpoint {said(event.checkpoint_id, 60)} ({event.kind})"


@words_of.register
def _(event: schema.GateVerdictRecorded) -> str:
    name, why = said(event.subject, 60), said(event.reason)
    return f"gate {name} {event.to} ({said(event.conclusion, 40)}): {why}"


@words_of.register
def _(event: schema.ApprovalRequested) -> str:
    return f"gate {said(event.subject, 60)} asks a person: {said(event.reason)}"


@words_of.register
def _(event: schema.ApprovalRecorded) -> str:
    why = f": {said(event.reason)}" if event.reason else ""
    return f"{said(event.actor, 60)}: {event.decision} {said(event.subject, 60)}{why}"


@words_of.register
def _(event: schema.EffectIntended) -> str:
    return f"write {said(event.subject, 60)} ({said(event.kind, 40)}) is to be made"


@words_of.register
def _(event: schema.EffectFailed) -> str:
    return f"write {said(event.subject, 60)} was refused: {said(event.error)}"


@words_of.register
def _(event: schema.EffectReconciled) -> str:
    name, found = said(event.subject, 60), event.transition == "find"
    return f"write {name} was {'found' if found else 'missing'} when read back"


@words_of.register
def _(event: schema.WorkerLeft) -> str:
    at = f" in step {said(event.step, 60)}" if event.step else ""
    return f"{said(event.worker, 60)} let go{at} ({event.why}): {said(event.error)}"

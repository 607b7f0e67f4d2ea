"""A run into which somebody has pasted secrets wherever there is room for a text."""

import base64
import gzip
import io
import json
import zipfile
from typing import Any

from core.clock import Clock
from core.events.base import Payload
from core.events.commit import GENESIS, Draft
from core.events.journal import Journal
from core.events.schema import (
    ApprovalRecorded,
    ApprovalRequested,
    CheckpointCaptured,
    EffectFailed,
    EffectIntended,
    Failure,
    FindingProposed,
    GateOpened,
    ModelCalled,
    RunCreated,
    RunStateChanged,
    SandboxFinished,
    StepFinished,
    StepRetried,
    StepStarted,
    WorkerLeft,
)
from core.store.blobs import Blobs, canonical, digest_of
from tests.fakes.canaries import Canaries

STEP = "review"


def zipped(text: str) -> bytes:
    """Return a zip with a file in which a text stands."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("notes.txt", text)
    return file.getvalue()


def packed_forms(text: str) -> dict[str, Any]:
    """Return a text in what only unpacking shows."""
    once = base64.b64encode(gzip.compress(text.encode(), mtime=0))
    return {
        "gzip": once.decode(),
        "zip": base64.encodebytes(zipped(text)).decode(),
        "in JSON": json.dumps({"body": base64.b64encode(zipped(text)).decode()}),
        "twice": base64.b64encode(once).decode(),
    }


class SecretRun:
    """Writes the run; `kinds` are the types of its events."""

    def __init__(self, journal: Journal, blobs: Blobs, clock: Clock) -> None:
        self._journal = journal
        self._blobs = blobs
        self._clock = clock
        self._heads: dict[str, tuple[int, str]] = {}

    async def write(self, run_id: str, canaries: Canaries) -> None:
        """Write all of it, ended by a failure."""
        text, stream = canaries.text(), f"run/{run_id}"
        await self._append(stream, None, "queued", _created(text))
        claim = _moved("claim", "queued", "running", text)
        await self._append(stream, "queued", "running", claim)
        for at, event in enumerate(await self._events(text, canaries.token)):
            state = {"at": at, "note": text, "form": packed_forms(text)}
            events = [event]
            is_last = at % 3 == 0
            if is_last:
                events.append(await self._checkpoint(at, state))
            await self._append(
                stream, "running", "running", *events, state=state if is_last else None
            )
        left = WorkerLeft(
            run_id=run_id,
            repository="octo/hello",
            pull=1,
            worker=text,
            fence=1,
            step=text,
            why="crashed",
            error=text,
        )
        # A story ends with the run's last entry, so the note comes before that.
        await self._append(f"left/{run_id}", None, None, left)
        failed = _moved("fail", "running", "failed", text)
        await self._append(stream, "running", "failed", failed)

    async def _events(self, text: str, token: str) -> list[Payload]:
        lines = [{"step": STEP, "event": text, "level": "error", token: "as a key"}]
        lines += [{"step": STEP, "event": form} for form in packed_forms(text).values()]
        log = await self._blobs.put(b"".join(map(_row, lines)))
        answer = {"body": json.dumps({"text": text}), "form": packed_forms(text)}
        exchange = {"method": "POST", "path": f"/x?token={token}", "answer": answer}
        exchanges = await self._blobs.put(_row(exchange))
        record = await self._blobs.put_json({"prompt": text, "raw": json.dumps(text)})
        gate = f"gate {token}"
        failure = Failure(code="X", facts={"reason": text})
        return [
            _started(STEP),
            _started(token),
            ModelCalled(
                request_model=text,
                input_tokens=1,
                output_tokens=1,
                cost_usd=0,
                wall_seconds=1,
                cpu_seconds=1,
                peak_memory_bytes=1,
                record=record,
            ),
            SandboxFinished(
                step=STEP,
                program=text,
                cpu_seconds=1,
                wall_seconds=1,
                peak_memory_bytes=1,
                isolation="limits",
            ),
            FindingProposed(
                subject="f",
                transition="propose",
                from_=None,
                to="proposed",
                severity=text,
                finding={"body": text},
            ),
            EffectIntended(
                subject=token,
                transition="intend",
                from_=None,
                to="intended",
                kind=text,
                digest="d",
                step=text,
            ),
            EffectFailed(
                subject=token,
                transition="fail",
                from_="intended",
                to="failed",
                error=text,
            ),
            GateOpened(transition="open", from_=None, to="opened", subject=gate),
            ApprovalRequested(
                transition="ask",
                from_="opened",
                to="waiting_approval",
                reason=text,
                head_sha=text,
                subject=gate,
            ),
            ApprovalRecorded(
                transition="reject",
                from_="waiting_approval",
                to="rejected",
                decision="reject",
                actor=text,
                reason=text,
                head_sha=text,
                subject=gate,
            ),
            StepRetried(
                subject=token,
                transition="lose",
                from_="running",
                to="pending",
                attempt=1,
                error=text,
                log=log,
                failure=failure,
            ),
            StepFinished(
                subject=STEP,
                transition="fail",
                from_="running",
                to="failed",
                summary=text,
                error=text,
                log=log,
                exchanges=exchanges,
                failure=failure,
            ),
        ]

    async def _checkpoint(self, at: int, state: Any) -> Payload:
        text = str(state["note"])
        artifacts: dict[str, str] = {
            "report": await self._blobs.put_json({"at": at, "text": text}),
            "diff": await self._blobs.put(f"+{at} {text}\n".encode()),
            "strange": await self._blobs.put(b"\xff\xfe\xfd " + text.encode()),
            "zip": await self._blobs.put(zipped(text)),
            "within": await self._blobs.put(b"MZ\0\xff" + zipped(text)),
            "gzip": await self._blobs.put(gzip.compress(text.encode(), mtime=0)),
            "forms": await self._blobs.put_json(packed_forms(text)),
        }
        return CheckpointCaptured(
            checkpoint_id=f"cp_{at:026}",
            kind="after",
            step=STEP,
            digest=digest_of(canonical(state)),
            artifacts=artifacts,
        )

    async def _append(
        self,
        stream: str,
        from_: str | None,
        to: str | None,
        *events: Payload,
        state: Any = None,
    ) -> None:
        seq, head = self._heads.get(stream, (0, GENESIS))
        draft = Draft(
            stream=stream,
            seq=seq + 1,
            time=self._clock.now(),
            events=events,
            from_=from_,
            to=to,
            prev_hash=head,
            state=state,
        )
        made = await self._journal.append(draft)
        self._heads[stream] = seq + 1, made.stored_hash


def _created(text: str) -> RunCreated:
    return RunCreated(
        transition="enqueue",
        from_=None,
        to="queued",
        repository="octo/hello",
        pull=1,
        head_sha="a" * 40,
        pipeline="review",
        reason=text,
        requested_by=text,
    )


def _started(step: str) -> StepStarted:
    return StepStarted(
        subject=step, attempt=1, transition="start", from_="pending", to="running"
    )


def _moved(transition: str, from_: str, to: str, text: str) -> RunStateChanged:
    return RunStateChanged(
        transition=transition, from_=from_, to=to, actor=text, reason=text, program=text
    )


def _row(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"

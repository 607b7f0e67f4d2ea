"""Takes a second look at findings, file by file, and never twice at the same ones."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.pipeline.asking import asked_again
from bot.pipeline.recorded import NOTHING_ASKED, Recorded, Records
from bot.pipeline.remembered import Mask
from bot.pipeline.spending import keep_spent, spent_before
from core.review.findings import Finding
from core.review.reviewer import (
    ReviewAnswer,
    ReviewModel,
    ReviewRequest,
    Usage,
    Verification,
)
from core.runs.work import Key, Work, key_of

KIND: Final = "second look"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a second look came to, of which `reused` of `files` files were known.

    The verification's usage is what the rest cost, in earlier tries too, `recorded`
    where it was kept word for word; None when nobody was asked.
    """

    verification: Verification
    files: int = 0
    reused: int = 0
    recorded: Recorded | None = None


@dataclass(frozen=True, slots=True)
class SecondLooks:
    """Asks a reviewer about findings that it has not judged before just like this.

    A file of which a finding was not looked at is asked for again.
    """

    work: Work
    mask: Mask
    records: Records

    async def look(
        self,
        model: ReviewModel,
        request: ReviewRequest,
        findings: Sequence[Finding],
        run_id: str,
        *,
        anew: bool = False,
    ) -> Looked:
        """Return what came of all findings; raises as the model does.

        What was answered before it broke off is remembered then. With `anew` nothing
        counts that was answered before this run.
        """
        if not findings:
            return Looked(verification=Verification())
        groups: dict[str, list[Finding]] = {}
        for one in findings:
            groups.setdefault(one.path, []).append(one)
        keys = await asyncio.to_thread(_keys, model, request, groups)
        if anew:
            await self.work.forget(keys.values(), but_of=run_id)
        known = await self.work.done(keys.values())
        fresh = {path for path, key in keys.items() if key not in known}
        whole = _remembered([known[key] for key in keys.values() if key in known])
        reused = len(groups) - len(fresh)
        spent = await spent_before(self.work, run_id, KIND)
        if not fresh:
            return Looked(
                verification=replace(whole, usage=spent),
                files=len(groups),
                reused=reused,
                recorded=None if spent == Usage() else NOTHING_ASKED,
            )
        asked = [one for one in findings if one.path in fresh]
        question = replace(request, spent=request.spent.plus(spent))
        said = await asked_again(model, question, asked)
        # First of all: it is paid, whatever breaks from here on.
        await keep_spent(self.work, run_id, KIND, said.usage)
        made = _believed(said, asked, self.mask)
        await self.work.keep(
            KIND,
            run_id,
            {
                keys[path]: _of(made, groups[path])
                for path in fresh
                if not any(one.fingerprint in made.unseen for one in groups[path])
            },
        )
        if made.broken_off is not None:
            raise made.broken_off
        return Looked(
            verification=replace(
                made,
                usage=spent.plus(made.usage),
                refuted={**whole.refuted, **made.refuted},
                joined={**whole.joined, **made.joined},
                unsure={**whole.unsure, **made.unsure},
            ),
            files=len(groups),
            reused=reused,
            recorded=await self._recorded(model, request, made),
        )

    async def _recorded(
        self, model: ReviewModel, request: ReviewRequest, made: Verification
    ) -> Recorded:
        if made.said is None and made.usage == Usage():
            return NOTHING_ASKED
        answer = ReviewAnswer(proposals=(), usage=made.usage, said=made.said)
        return await self.records.keep(model, request, answer)


def _keys(
    model: ReviewModel,
    request: ReviewRequest,
    groups: Mapping[str, Sequence[Finding]],
) -> dict[str, Key]:
    """Name the look at each file by all that it may look at.

    What people say of the change is not among it.
    """
    return {
        path: key_of(
            (
                *(KIND, model.name, model.version, path),
                *(one.model_dump_json() for one in findings),
                *(
                    part
                    for patch in request.diff.files
                    if patch.path == path
                    for hunk in patch.hunks
                    for part in (f"{hunk.old_start} {hunk.new_start}", hunk.raw)
                ),
                b"" if path not in request.files else b"content",
                request.files.get(path, b""),
            )
        )
        for path, findings in groups.items()
    }


def _believed(made: Verification, asked: Sequence[Finding], mask: Mask) -> Verification:
    """Return what is said of the findings that were asked about, and of no others.

    Secrets are masked in the reasons, which a reviewer may have quoted.
    """
    names = {one.fingerprint for one in asked}

    def known(part: Mapping[str, str]) -> dict[str, str]:
        return {name: mask(said) for name, said in part.items() if name in names}

    return replace(
        made,
        refuted=known(made.refuted),
        joined={one: other for one, other in made.joined.items() if one in names},
        unsure=known(made.unsure),
        unseen=known(made.unseen),
    )


def _of(made: Verification, findings: Sequence[Finding]) -> Any:
    """Return what is remembered of a file's findings, as JSON."""
    names = {one.fingerprint for one in findings}
    parts = {"refuted": made.refuted, "joined": made.joined, "unsure": made.unsure}
    return {
        part: {name: said for name, said in found.items() if name in names}
        for part, found in parts.items()
    }


def _remembered(known: Sequence[Any]) -> Verification:
    """Return what was remembered of several files as one."""

    def whole(part: str) -> dict[str, str]:
        return {name: said for one in known for name, said in one[part].items()}

    return Verification(
        refuted=whole("refuted"), joined=whole("joined"), unsure=whole("unsure")
    )

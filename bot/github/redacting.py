"""Takes texts out of what our App wrote on a pull request; people's words are theirs.

GitHub is listed and edited, never remembered: what was edited holds no needle any more,
so to do it again, after a crash or an unclear answer too, changes nothing more.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bot.github.client import Connection, Json
from bot.github.clipping import COMMENT_TEXT, clip
from core.errors import GitHubNotFoundError
from core.redaction.needles import Needles

TEXTS = ("title", "summary", "text")


@dataclass(slots=True, kw_only=True)
class Found:
    """What was edited; what people wrote, and what GitHub lets nobody edit."""

    edited: int = 0
    theirs: int = 0
    annotations: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWords:
    """Edits the words of one App, whose bot is `author`, in one repository."""

    gh: Connection
    repository: str
    author: str
    app_id: int
    needles: Needles
    found: Found = field(default_factory=Found)

    async def pull(self, number: int) -> None:
        """Edit the conversation, the comments on lines, and the reviews' bodies."""
        root, found = f"/repos/{self.repository}", self.found
        # Raises when GitHub shows it no more, so that silence is never taken for done.
        pull = await self.gh.get(f"{root}/pulls/{number}")
        for name in ("title", "body"):
            found.theirs += self.needles.are_in(pull.get(name) or "")
        await self._bodies(
            f"{root}/issues/{number}/comments", f"{root}/issues/comments/{{id}}"
        )
        await self._bodies(
            f"{root}/pulls/{number}/comments", f"{root}/pulls/comments/{{id}}"
        )
        reviews = f"{root}/pulls/{number}/reviews"
        await self._bodies(reviews, f"{reviews}/{{id}}", self.gh.put)

    async def checks(self, heads: Sequence[str]) -> None:
        """Edit the output of our check runs on these commits."""
        for head in heads:
            path = f"/repos/{self.repository}/commits/{head}/check-runs"
            try:
                listed = await self.gh.pages(
                    path, key="check_runs", filter="all", app_id=self.app_id
                )
            except GitHubNotFoundError:
                continue  # the commit is gone, and its checks with it
            for one in listed:
                await self._check(one)

    async def _bodies(
        self,
        path: str,
        place: str,
        write: Callable[[str, Json], Awaitable[object]] | None = None,
    ) -> None:
        for one in await self.gh.pages(path):
            body = one.get("body") or ""
            if not self.needles.are_in(body):
                continue
            if (one.get("user") or {}).get("login") != self.author:
                self.found.theirs += 1
                continue
            text = clip(self.needles.cut(body), COMMENT_TEXT)
            put = write or self.gh.patch
            await self._edit(put, place.format(id=one["id"]), {"body": text})

    async def _check(self, check: Json) -> None:
        output = check.get("output") or {}
        texts = {name: output.get(name) or "" for name in TEXTS}
        path = f"/repos/{self.repository}/check-runs/{check['id']}"
        if output.get("annotations_count"):
            for one in await self.gh.pages(f"{path}/annotations"):
                self.found.annotations += self.needles.are_in_json(one)
        if not self.needles.are_in_json(texts):
            return
        # GitHub wants a title and a summary with any output.
        cut = {name: self.needles.cut(text) for name, text in texts.items() if text}
        cut.setdefault("title", self.needles.mark)
        cut.setdefault("summary", self.needles.mark)
        await self._edit(self.gh.patch, path, {"output": cut})

    async def _edit(
        self, write: Callable[[str, Json], Awaitable[object]], path: str, data: Json
    ) -> None:
        try:
            await write(path, data)
        except GitHubNotFoundError:
            return  # somebody has deleted it
        self.found.edited += 1

"""What people do on GitHub: open, push, comment, click; each sends its webhook."""

import asyncio

from bot.simulator.answers import Json
from bot.simulator.branches import commit_of, move
from bot.simulator.conversation import new_comment
from bot.simulator.events import (
    check_run_payload,
    check_suite_payload,
    installation_payload,
    ping_payload,
    repositories_payload,
    thread_payload,
)
from bot.simulator.records import Delivery, Pull, Reaction, Repository
from bot.simulator.reviewing import Reviewing
from bot.simulator.shapes.pulls import full_pull, label
from bot.simulator.webhooks import Webhooks
from bot.simulator.world import World


class Acting:
    """The people's side; each call returns once its webhook was answered."""

    def __init__(self, world: World, hooks: Webhooks) -> None:
        self._world = world
        self._hooks = hooks

    async def settled(self) -> None:
        """Wait until the webhooks that API calls caused were answered."""
        await self._hooks.settled()

    async def open_pull(  # noqa: PLR0913 - a pull request is all of these
        self,
        full_name: str,
        *,
        base: str,
        head: str,
        title: str = "A change",
        body: str | None = None,
        user: str = "alice",
        draft: bool = False,
        fork: str | None = None,
    ) -> int:
        """Open a pull request between two refs or SHAs and return its number.

        `fork` names the repository that the head is said to come from. Raises
        GitReadError for a ref that does not exist.
        """
        record, now = self._world.repository(full_name), self._world.now()
        base_sha, head_sha = await asyncio.gather(
            commit_of(record.git, base), commit_of(record.git, head)
        )
        pull = Pull(
            id=self._world.new_id(),
            number=0,
            title=title,
            body=body,
            user=user,
            base_ref=base,
            base_sha=base_sha,
            head_ref=head,
            head_sha=head_sha,
            merge_base=base_sha,
            files=(),
            commits=(),
            draft=draft,
            fork=fork,
            created_at=now,
            updated_at=now,
        )
        await move(record, pull, base=base_sha, head=head_sha, now=now)
        # The number is taken last, so that two opened at once do not share it.
        pull.number = max(record.pulls, default=0) + 1
        record.pulls[pull.number] = pull
        await self._about(record, pull, {"action": "opened"}, user)
        return pull.number

    async def push(
        self, full_name: str, number: int, head: str, *, user: str | None = None
    ) -> None:
        """Move a pull request to a new head, forced or not."""
        record, pull = self._find(full_name, number)
        before = pull.head_sha
        after = await commit_of(record.git, head)
        now = self._world.now()
        await move(record, pull, base=pull.base_sha, head=after, now=now)
        payload = {"action": "synchronize", "before": before, "after": after}
        await self._about(record, pull, payload, user or pull.user)

    async def close_pull(
        self, full_name: str, number: int, *, merged: bool = False, user: str = "alice"
    ) -> None:
        """Close a pull request, merged or not; git is left alone."""
        record, pull = self._find(full_name, number)
        pull.closed_at = pull.updated_at = self._world.now()
        pull.merged_at = pull.closed_at if merged else None
        await self._about(record, pull, {"action": "closed"}, user)

    async def reopen_pull(
        self, full_name: str, number: int, *, user: str = "alice"
    ) -> None:
        """Open a closed pull request again."""
        record, pull = self._find(full_name, number)
        pull.closed_at, pull.updated_at = None, self._world.now()
        await self._about(record, pull, {"action": "reopened"}, user)

    async def ready_for_review(
        self, full_name: str, number: int, *, user: str = "alice"
    ) -> None:
        """Make a pull request of a draft."""
        record, pull = self._find(full_name, number)
        pull.draft, pull.updated_at = False, self._world.now()
        await self._about(record, pull, {"action": "ready_for_review"}, user)

    async def label_pull(
        self,
        full_name: str,
        number: int,
        name: str,
        *,
        added: bool = True,
        user: str = "alice",
    ) -> None:
        """Add a label to a pull request, or take one away."""
        record, pull = self._find(full_name, number)
        if added == (name in pull.labels):
            return  # GitHub tells of changes alone
        (pull.labels.append if added else pull.labels.remove)(name)
        pull.updated_at = self._world.now()
        payload = {
            "action": "labeled" if added else "unlabeled",
            "label": label(self._world, record, name),
        }
        await self._about(record, pull, payload, user)

    async def edit_pull(
        self,
        full_name: str,
        number: int,
        *,
        title: str | None = None,
        body: str | None = None,
        base: str | None = None,
        user: str = "alice",
    ) -> None:
        """Change a pull request's title, text or base."""
        record, pull = self._find(full_name, number)
        changes: Json = {}
        if title is not None:
            changes["title"] = {"from": pull.title}
            pull.title = title
        if body is not None:
            changes["body"] = {"from": pull.body or ""}
            pull.body = body
        if base is not None:
            changes["base"] = {
                "ref": {"from": pull.base_ref},
                "sha": {"from": pull.base_sha},
            }
            pull.base_ref = base
            sha, now = await commit_of(record.git, base), self._world.now()
            await move(record, pull, base=sha, head=pull.head_sha, now=now)
        pull.updated_at = self._world.now()
        payload = {"action": "edited", "changes": changes}
        await self._about(record, pull, payload, user)

    async def comment(
        self, full_name: str, number: int, body: str, *, user: str = "alice"
    ) -> int:
        """Write into the conversation and return the comment's id."""
        record, pull = self._find(full_name, number)
        made, payload = new_comment(self._world, record, pull, user, body)
        await self._hooks.about(record, "issue_comment", payload, user)
        return made.id

    async def reply(
        self, full_name: str, comment_id: int, body: str, *, user: str = "alice"
    ) -> int:
        """Answer a comment on the diff and return the answer's id."""
        record = self._world.repository(full_name)
        pull, parent = self._world.review_comment(record, comment_id)
        reviewing = Reviewing(self._world, self._hooks, record, pull, user)
        made = reviewing.reply(parent, body)
        await self._hooks.settled()
        return made.id

    def react(
        self, full_name: str, comment_id: int, content: str, *, user: str = "alice"
    ) -> None:
        """React to a comment on the diff; GitHub sends no webhook for it."""
        record = self._world.repository(full_name)
        _, comment = self._world.review_comment(record, comment_id)
        comment.reactions.append(
            Reaction(
                id=self._world.new_id(),
                user=user,
                content=content,
                created_at=self._world.now(),
            )
        )

    async def resolve_thread(
        self,
        full_name: str,
        comment_id: int,
        *,
        resolved: bool = True,
        user: str = "alice",
    ) -> None:
        """Resolve, or open again, the thread that a comment is in."""
        record = self._world.repository(full_name)
        pull, comment = self._world.review_comment(record, comment_id)
        comment.thread.resolved_by = user if resolved else None
        payload = thread_payload(self._world, record, pull, comment.thread)
        await self._hooks.about(record, "pull_request_review_thread", payload, user)

    async def rerequest_check(
        self, full_name: str, check_run_id: int, *, user: str = "alice"
    ) -> None:
        """Press "Re-run" on a check run."""
        record = self._world.repository(full_name)
        run = self._world.check_run(record, check_run_id)
        payload = await check_run_payload(self._world, record, run, "rerequested")
        app = run.suite.app
        await self._hooks.about(record, "check_run", payload, user, only=app)

    async def rerequest_suite(
        self, full_name: str, sha: str, *, user: str = "alice"
    ) -> None:
        """Press "Re-run all checks" on a commit."""
        record = self._world.repository(full_name)
        for one in [one for one in record.suites if one.head_sha == sha]:
            payload = await check_suite_payload(self._world, record, one, "rerequested")
            await self._hooks.about(record, "check_suite", payload, user, only=one.app)

    async def press_button(
        self, full_name: str, check_run_id: int, identifier: str, *, user: str = "alice"
    ) -> None:
        """Press one of a check run's own buttons."""
        record = self._world.repository(full_name)
        run = self._world.check_run(record, check_run_id)
        payload = await check_run_payload(self._world, record, run, "requested_action")
        payload["requested_action"] = {"identifier": identifier}
        app = run.suite.app
        await self._hooks.about(record, "check_run", payload, user, only=app)

    async def announce_installation(self, installation_id: int) -> None:
        """Tell the App that it was installed."""
        one = self._world.installations[installation_id]
        payload = installation_payload(self._world, one, "created")
        await self._hooks.send(one.app, "installation", payload)

    async def announce_repository(self, installation_id: int, full_name: str) -> None:
        """Tell the App that a repository was added to its installation."""
        one = self._world.installations[installation_id]
        added = self._world.repository(full_name)
        payload = repositories_payload(self._world, one, added)
        await self._hooks.send(one.app, "installation_repositories", payload)

    async def ping(self, app_id: int) -> Delivery | None:
        """Send an App the event that says the webhook works."""
        app = self._world.apps[app_id]
        return await self._hooks.send(app, "ping", ping_payload(self._world, app))

    async def redeliver(self, delivery_id: int) -> Delivery | None:
        """Send a delivery again under the same GUID."""
        one = next(d for d in self._world.deliveries if d.id == delivery_id)
        return await self._hooks.deliver(
            one.app, one.event, one.payload, one.guid, redelivery=True
        )

    def _find(self, full_name: str, number: int) -> tuple[Repository, Pull]:
        record = self._world.repository(full_name)
        return record, self._world.pull(full_name, number)

    async def _about(
        self, record: Repository, pull: Pull, payload: Json, user: str
    ) -> None:
        shown = full_pull(self._world, record, pull)
        whole = {**payload, "number": pull.number, "pull_request": shown}
        await self._hooks.about(record, "pull_request", whole, user)

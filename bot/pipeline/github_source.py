"""A run's change, read from GitHub between two fixed commits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from typing_extensions import override

from bot.github.base_config import BaseConfigs, GitHubConfigs
from bot.github.client import Connection, GitHubApp
from bot.github.files import files_at
from bot.github.pulls import compare_diff, get_pull
from bot.pipeline.ports import Described, Shown, Source, Sources
from core.errors import HeadMovedError, RunOutdatedError
from core.review.config_reading import ReadConfig
from core.runs.model import Run, Subject


@dataclass(frozen=True, slots=True)
class GitHubSource(Source):
    """One pull request at one head."""

    gh: Connection
    subject: Subject
    configs: BaseConfigs

    @override
    async def describe(self) -> Described:
        repository, number = self.subject.repository, self.subject.pull
        pull = await get_pull(self.gh, repository, number)
        if pull.head_sha != self.subject.head_sha:
            raise RunOutdatedError(head=self.subject.head_sha, now=pull.head_sha)
        return Described(
            title=pull.title,
            description=pull.body,
            author=pull.author,
            base_sha=pull.base_sha,
            head_sha=pull.head_sha,
            fork=pull.is_fork,
        )

    @override
    async def diff(self, described: Described) -> Shown:
        try:
            comparison = await compare_diff(
                self.gh,
                self.subject.repository,
                described.base_sha,
                described.head_sha,
                number=self.subject.pull,
            )
        except HeadMovedError as error:
            now = str(error.facts["actual"])
            raise RunOutdatedError(head=described.head_sha, now=now) from error
        missing = {one.path or "": one.reason for one in comparison.missing}
        return Shown(data=comparison.data, missing=missing)

    @override
    async def files(
        self, described: Described, paths: Sequence[str]
    ) -> Mapping[str, bytes | None]:
        repository = self.subject.repository
        return await files_at(self.gh, repository, paths, described.head_sha)

    @override
    async def config(self, described: Described) -> ReadConfig:
        repository = self.subject.repository
        return await self.configs.of(self.gh, repository, described.base_sha)


@dataclass(frozen=True, slots=True)
class GitHubSources(Sources):
    """Finds the installation that may read a run's repository."""

    app: GitHubApp
    configs: BaseConfigs = field(default_factory=GitHubConfigs)

    @override
    async def of(self, run: Run) -> Source:
        gh = await connection(self.app, run.subject)
        return GitHubSource(gh, run.subject, self.configs)


async def connection(app: GitHubApp, subject: Subject) -> Connection:
    """Return GitHub as the installation that covers the subject's repository."""
    known = subject.installation_id
    return app.installation(known or await app.installation_of(subject.repository))

"""A fixture that judges, at a test's end, every request made to a simulator."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from bot.simulator.server import RecordedRequest
from bot.simulator.simulator import Simulator
from tests.judges.github_description import GitHubDescription
from tests.judges.github_graphql import GraphQLJudge
from tests.judges.github_openapi import OpenApiJudge

Judge = TypeVar("Judge")


class GitHubJudges:
    """Both judges, loaded when first needed; why one cannot be had is remembered."""

    def __init__(self) -> None:
        self._openapi: OpenApiJudge | None = None
        self._graphql: GraphQLJudge | None = None
        self._missing: str | None = None

    @property
    def openapi(self) -> OpenApiJudge:
        """Return the judge of REST; skips, or fails in CI, when it cannot be had."""
        if self._openapi is None:
            self._openapi = self._loaded(lambda: OpenApiJudge(GitHubDescription.load()))
        return self._openapi

    @property
    def graphql(self) -> GraphQLJudge:
        """Return the judge of GraphQL; skips, or fails in CI, as above."""
        if self._graphql is None:
            self._graphql = self._loaded(GraphQLJudge.load)
        return self._graphql

    def problems(self, requests: list[RecordedRequest]) -> list[str]:
        """Return what is wrong with the requests, REST and GraphQL."""
        found = self.openapi.check(requests)
        if any(request.path == "/graphql" for request in requests):
            found += self.graphql.check(requests)
        return found

    def _loaded(self, load: Callable[[], Judge]) -> Judge:
        # npm is asked once, not again for each test.
        if self._missing is not None:
            pytest.skip(self._missing)
        try:
            return load()
        except pytest.skip.Exception as skipped:
            self._missing = str(skipped)
            raise


@pytest.fixture(scope="session")
def github_judges() -> GitHubJudges:
    """Give the judges that this test process shares."""
    return GitHubJudges()


@pytest.fixture
def judged(github_judges: GitHubJudges) -> Iterator[Callable[[Simulator], Simulator]]:
    """Give a function that has a simulator's requests judged when the test ends.

    Where the judges cannot be had, the test itself still counts: what is skipped is
    the judging, with its reason.
    """
    watched: list[Simulator] = []

    def watch(simulator: Simulator) -> Simulator:
        watched.append(simulator)
        return simulator

    yield watch
    made = [request for simulator in watched for request in simulator.requests]
    if made:
        assert github_judges.problems(made) == []

"""Prometheus itself judges the metrics, the alerts and what the dashboard asks."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core.metrics import shipped
from core.metrics.registry import FAMILIES
from tests.fakes.promql import GRAFANA, plain
from tests.fakes.road import Road, open_road
from tests.judges.debian import installed
from tests.judges.prometheus_server import Prometheus, prometheus

pytestmark = pytest.mark.judge

CASES = Path(__file__).with_name("alert_cases.yml")
QUEUE_WAIT = (
    "histogram_quantile(0.95, sum by (le) (rate(nofx_queue_wait_seconds_bucket[1m])))"
)
NUMBERS = count(1)
CHOSEN = {"$job": "nofx", "$instance": ".*"}


@pytest.fixture
async def road(tmp_path: Path, mongodb_url: str) -> AsyncIterator[Road]:
    """Give a stage with a bot that serves and works."""
    name = f"prometheus_{next(NUMBERS)}"
    async with open_road(tmp_path, mongodb_url, name) as road:
        yield road


async def promtool(*words: str, given: bytes = b"") -> None:
    """Run promtool, and fail with what it says when it finds anything."""
    program = installed("promtool", package="prometheus")
    process = await asyncio.create_subprocess_exec(
        program,
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate(given)
    assert process.returncode == 0, said.decode()


async def test_the_alerts_are_rules() -> None:
    """Their expressions, their templates and their labels."""
    await promtool("check", "rules", str(shipped.ALERTS))


async def test_each_alert_rings_when_it_should_and_else_does_not() -> None:
    """On series that were made up for it."""
    await promtool("test", "rules", str(CASES))


async def test_the_metrics_of_a_running_bot_are_as_they_should_be(road: Road) -> None:
    """Names, units and help, after a run that has moved most of them."""
    number = await road.open_pull()
    await road.until_checked(number)
    assert road.bot is not None
    plain_text = {"Accept": "text/plain"}
    async with (
        aiohttp.ClientSession(headers=plain_text) as session,
        session.get(f"{road.bot.url}/metrics") as answer,
    ):
        text = await answer.read()
    assert b"\nnofx_queue_wait_seconds_count " in text
    await promtool("check", "metrics", given=text)


async def test_a_prometheus_scrapes_a_bot_and_answers(
    road: Road, tmp_path: Path
) -> None:
    """How long runs wait, which run is an example, and every panel's question."""
    assert road.bot is not None
    async with prometheus(
        tmp_path, target=road.bot.url, rules=shipped.ALERTS
    ) as server:
        await answered(server, "nofx_build_info")
        # Other tests of this process have counted too.
        before = await ringing(server)
        number = await road.open_pull()
        await road.until_checked(number)
        (run,) = await road.until_runs_end()
        wait = await answered(server, QUEUE_WAIT)
        assert wait >= 0
        examples = await server.get(
            "query_exemplars",
            query="nofx_queue_wait_seconds_bucket",
            start="0",
            end="9999999999",
        )
        named = [
            one["labels"]["run_id"] for each in examples for one in each["exemplars"]
        ]
        assert str(run["_id"]) in named
        await every_panel_is_answered(server)
        assert await ringing(server) <= before
        await every_metric_is_described(server)


async def answered(server: Prometheus, expression: str) -> float:
    """Wait until an expression comes to a number, and return it."""
    async with asyncio.timeout(60):
        while True:
            value = await server.value(expression)
            if value is not None and not math.isnan(value):
                return value
            await asyncio.sleep(0.1)


async def every_panel_is_answered(server: Prometheus) -> None:
    """Ask what the dashboard asks, for this job and every process of it."""
    for panel in json.loads(shipped.dashboard())["panels"]:
        for target in panel.get("targets", ()):
            text = plain(target["expr"])
            for variable, value in CHOSEN.items():
                text = text.replace(variable, value)
            assert not any(one in text for one in ("$", *GRAFANA))
            await server.get("query", query=text)


async def ringing(server: Prometheus) -> set[str]:
    """Return which alerts ring, once each rule was tried anew and found right."""
    first: dict[str, str] = {}
    async with asyncio.timeout(60):
        while True:
            groups = (await server.get("rules"))["groups"]
            rules: list[Any] = [rule for one in groups for rule in one["rules"]]
            tried = {rule["name"]: rule["lastEvaluation"] for rule in rules}
            first = first or tried
            if all(first[name] != time for name, time in tried.items()):
                break
            await asyncio.sleep(0.1)
    assert {rule["health"] for rule in rules} == {"ok"}
    return {rule["name"] for rule in rules if rule["state"] == "firing"}


async def every_metric_is_described(server: Prometheus) -> None:
    """Its kind and its help came over with it, in OpenMetrics."""
    known = await server.get("metadata")
    for name in FAMILIES:
        (described,) = known.get(name) or known[name.removesuffix("_total")]
        assert described["help"]

"""A review on the simulator, and what Prometheus then finds at the bot's /metrics."""

from core.metrics.registry import FAMILIES
from tests.fakes.road import Road
from tests.fakes.scrapes import OPEN_METRICS, Scrape


async def scraped(road: Road) -> Scrape:
    """Ask the bot for its metrics."""
    assert road.bot is not None
    return await Scrape.of(f"{road.bot.url}/metrics")


async def test_a_review_is_found_in_the_metrics(road: Road) -> None:
    """One delivery, one run, its gates, findings, children, costs and requests."""
    before = await scraped(road)
    number = await road.open_pull()
    await road.until_checked(number)
    (run,) = await road.until_runs_end()
    await road.until_quiet()
    now = await scraped(road)
    assert run["status"] == "gate_failed"
    deliveries = now.grown(before, "nofx_deliveries_total")
    assert deliveries.pop(("pull_request", "received")) == 1
    assert deliveries.pop(("pull_request", "done")) == 1
    # What it wrote itself comes back to it, and asks for nothing.
    assert {result for _, result in deliveries} <= {"received", "ignored"}
    assert now.grown(before, "nofx_gate_verdicts_total") == {
        ("failure", "static_analysis"): 1,
        ("skipped", "llm_review"): 1,
    }
    findings = now.grown(before, "nofx_findings_total")
    count = findings["proposed", "error"]
    assert count >= 1
    for fate in ("verified", "anchored", "posted"):
        assert findings[fate, "error"] == count
    assert now.grown(before, "nofx_model_calls_total") == {("rules", "ok"): 1}
    has_costs(now, before)
    requests = now.grown(before, "nofx_github_requests_total")
    assert requests["GET", "2xx"] >= 3
    assert requests["POST", "2xx"] >= 2
    assert now.value("nofx_github_rate_limit_remaining", resource="core") is not None
    assert now.since(before, "nofx_queue_wait_seconds_count") == 1
    assert now.grown(before, "nofx_runs_ended_total") == {}


def has_costs(now: Scrape, before: Scrape) -> None:
    """Assert what the children of the review and its handlers used."""
    children = now.grown(before, "nofx_sandbox_runs_total")
    assert {(ended, program) for ended, _, program in children} == {("ok", "ruff")}
    assert now.since(before, "nofx_sandbox_peak_memory_bytes_sum", program="ruff") > 1e6
    assert now.value("nofx_sandbox_active") == 0
    review = {"handler": "step:review"}
    assert now.since(before, "nofx_handler_memory_bytes_count", **review) >= 1
    assert now.since(before, "nofx_handler_duration_seconds_count", **review) == 1
    assert now.since(before, "nofx_handler_cpu_seconds_total", **review) > 0
    delivery = {"handler": "delivery:pull_request"}
    assert now.since(before, "nofx_handler_duration_seconds_count", **delivery) == 1


async def test_a_waived_gate_and_an_end_are_found_too(road: Road) -> None:
    """Alice waives the failed gate; the run ends, and is an example of its duration."""
    number = await road.open_pull()
    await road.until_checked(number)
    await road.until_runs_end()
    before = await scraped(road)
    words = "/nofx waive static_analysis it is a demo"
    await road.github.comment("octo/hello", number, words)
    await road.until(lambda: road.check(number)["conclusion"] == "neutral")
    await road.until_quiet()
    (run,) = await road.until_runs_end()
    assert run["status"] == "succeeded"
    now = await scraped(road)
    assert now.grown(before, "nofx_approvals_total") == {
        ("waive", "static_analysis"): 1
    }
    assert now.grown(before, "nofx_runs_ended_total") == {("succeeded",): 1}
    assert now.grown(before, "nofx_run_duration_seconds_count") == {("succeeded",): 1}
    assert road.bot is not None
    examples = await Scrape.of(f"{road.bot.url}/metrics", OPEN_METRICS)
    assert examples.content_type == "application/openmetrics-text"
    assert run["_id"] in examples.examples("nofx_run_duration_seconds")
    assert run["_id"] in examples.examples("nofx_queue_wait_seconds")
    assert run["_id"] in examples.examples("nofx_step_duration_seconds")


async def test_every_metric_is_on_the_page_with_what_the_process_uses(
    road: Road,
) -> None:
    """Also those that nothing has moved yet, or an alert on them would be in error."""
    page = await scraped(road)
    assert page.content_type == "text/plain"
    names = {name.removesuffix("_total") for name in FAMILIES}
    assert names <= page.families.keys()
    assert (page.value("process_resident_memory_bytes") or 0) > 1e6
    assert page.value("nofx_gauges_age_seconds") is not None
    (build,) = page.families["nofx_build_info"].samples
    assert build.value == 1
    assert build.labels["python"].startswith("3.")

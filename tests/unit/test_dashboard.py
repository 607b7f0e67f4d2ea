"""The dashboard and the alerts ask for what there is, and miss nothing."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from bot.settings import Settings, variable
from core.metrics import shipped
from core.metrics.bounds import OTHER
from core.metrics.catalog import REGISTRY
from core.metrics.registry import FAMILIES, BoundedHistogram
from tests.fakes.cli import nofx
from tests.fakes.promql import groupings, labels_of_answer, series

CASES = Path(__file__).parents[1] / "judges/alert_cases.yml"
ROWS = [
    "Is it healthy?",
    "Queue and runs",
    "Steps and handlers",
    "Gates and approvals",
    "Sandbox",
    "GitHub and deliveries",
    "Model cost",
    "Stream and feed",
    "Database",
    "Session memory",
    "Bundles",
]
# Prometheus itself says of each series where it was scraped.
TARGET = frozenset({"job", "instance"})
WIDTH = 24
DASHBOARD: dict[str, Any] = json.loads(shipped.dashboard())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
GRAPHS = [panel for panel in PANELS if panel["type"] != "row"]
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load(shipped.alerts())["groups"]
    for rule in group["rules"]
]


def expressions() -> Iterator[tuple[str, str, str]]:
    """Yield where each expression stands, what it says, and its legend."""
    for panel in GRAPHS:
        for target in panel["targets"]:
            where = f"{panel['id']}{target['refId']} {panel['title']}"
            yield where, target["expr"], target["legendFormat"]
    for rule in RULES:
        yield rule["alert"], rule["expr"], ""


EXPRESSIONS = list(expressions())
NAMES = [where for where, _, _ in EXPRESSIONS]


def known() -> dict[str, frozenset[str]]:
    """Return the labels of every series that `/metrics` can have, by its name."""
    found: dict[str, frozenset[str]] = {}
    for family in FAMILIES.values():
        labels = frozenset(family.labels) | TARGET
        if isinstance(family, BoundedHistogram):
            found[f"{family.name}_bucket"] = labels | {"le"}
            found[f"{family.name}_sum"] = found[f"{family.name}_count"] = labels
        else:
            found[family.name] = labels
    for one in REGISTRY.collect():
        for sample in one.samples:
            found.setdefault(sample.name, frozenset(sample.labels) | TARGET)
    return found


KNOWN = known()


@pytest.mark.parametrize(("where", "text", "legend"), EXPRESSIONS, ids=NAMES)
def test_every_name_label_and_value_exists(where: str, text: str, legend: str) -> None:
    """A panel on what nothing writes would stay empty, an alert would never ring."""
    found = series(text)
    assert found, f"{where} asks for nothing"
    for one in found:
        assert one.name in KNOWN
        assert one.labels <= KNOWN[one.name], one
        family = FAMILIES.get(one.name.removesuffix("_bucket"))
        bounds = family.labels if family else {}
        for label, value in one.values:
            if label in bounds and bounds[label].values != (OTHER,):
                assert value in bounds[label].values, (one.name, label, value)
    for grouping in groupings(text):
        for name in grouping.names:
            assert grouping.labels <= KNOWN[name], (name, grouping)
    shown = frozenset(re.findall(r"{{(\w+)}}", legend))
    kept = labels_of_answer(text)
    assert shown <= (kept if kept is not None else KNOWN[found[0].name]), legend


def test_every_metric_of_ours_is_shown() -> None:
    """What is measured and not to be seen need not be measured."""
    shown = {one.name for _, text, _ in expressions() for one in series(text)}
    for name, family in FAMILIES.items():
        parts = (f"{name}_bucket",) if isinstance(family, BoundedHistogram) else (name,)
        assert shown & {*parts}, f"no panel shows {name}"


def test_grafana_s_own_schema_knows_every_field() -> None:
    """Read into Grafana's types and written again, the dashboard is the same."""
    register_default_plugins()
    read = Dashboard.from_json(json.loads(shipped.dashboard()))
    assert lost(DASHBOARD, json.loads(JSONEncoder(sort_keys=True).encode(read))) == []


def lost(given: Any, back: Any, place: str = "") -> list[str]:
    """Return what was given and did not come back as it was."""
    match given, back:
        case dict(), dict():
            return [
                each
                for key, value in given.items()
                for each in lost(value, back.get(key, ...), f"{place}/{key}")
            ]
        case list(), list() if len(given) == len(back):
            return [
                each
                for number, (one, other) in enumerate(zip(given, back, strict=True))
                for each in lost(one, other, f"{place}/{number}")
            ]
        case _:
            return [] if given == back else [place]


def test_the_rows_are_those_that_people_look_for() -> None:
    """In the order in which a tired person asks."""
    assert [one["title"] for one in PANELS if one["type"] == "row"] == ROWS


def test_panels_stand_side_by_side() -> None:
    """None lies upon another, or reaches out of the page, and each says what it is."""
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for panel in GRAPHS:
        assert re.fullmatch(r"[A-Z].+[.:!?]|.+\.", panel["description"]), panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["fieldConfig"]["defaults"]["unit"]
    for one in PANELS:
        assert one["gridPos"]["x"] + one["gridPos"]["w"] <= WIDTH
    for one, other in combinations((panel["gridPos"] for panel in PANELS), 2):
        beside = (
            one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        )
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


def test_whoever_imports_it_chooses_the_prometheus() -> None:
    """And then which service, for one Prometheus may watch several."""
    first, *others = DASHBOARD["templating"]["list"]
    assert (first["type"], first["name"]) == ("datasource", "datasource")
    assert [one["name"] for one in others] == ["job", "instance"]
    for _, text, _ in EXPRESSIONS[: len(EXPRESSIONS) - len(RULES)]:
        for one in series(text):
            assert one.labels >= TARGET


def test_every_alert_says_what_to_do() -> None:
    """Somebody is woken by it, and has never seen it before."""
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names)
    variables = {variable(name) for name in Settings.model_fields}
    for rule in RULES:
        assert re.fullmatch(r"Nofx[A-Z]\w+", rule["alert"])
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        said = rule["annotations"]
        assert sorted(said) == ["description", "runbook", "summary"]
        assert all(text.endswith(".") for text in said.values()), rule["alert"]
        named = set(re.findall(r"NOFX_\w+", said["runbook"]))
        assert named <= variables, rule["alert"]


def test_every_alert_has_a_case_that_rings_and_one_that_does_not() -> None:
    """A rule that was never seen to ring may be one that cannot."""
    names = [test["name"] for test in yaml.safe_load(CASES.read_text())["tests"]]
    wanted = [
        f"{rule['alert']} {word}" for rule in RULES for word in ("rings", "is silent")
    ]
    assert names == wanted


def test_the_command_line_prints_both() -> None:
    """As they are shipped, to be written to a file."""
    assert nofx("metrics", "dashboard").stdout == shipped.dashboard()
    assert nofx("metrics", "alerts").stdout == shipped.alerts()

"""The alert rules and the dashboard of contrib/, by Prometheus' own tool and by what is exported."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.clients.programs import need
from tests.support.repository import DOCS, ROOT
from waypost import COMMANDS

PROMETHEUS = ROOT / "contrib" / "prometheus"
RULES = PROMETHEUS / "waypost.rules.yml"
DASHBOARD = json.loads((ROOT / "contrib" / "grafana" / "waypost.json").read_text())
ALERTS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
EXPRESSIONS = [*(alert["expr"] for alert in ALERTS), *QUERIES]
ROW = re.compile(r"^\| `(waypost_[a-z_]+)` \| (\w+) \| ([^|]*)\|", re.MULTILINE)
OF_PROMETHEUS = {"job", "instance", "process", "le"}
"""Labels that are not declared with a metric: of a scrape, of the page, of a histogram's buckets."""


def exported() -> dict[str, set[str]]:
    """Return the labels of each metric, by every name that a sample of it has.

    From the page that is written from the declarations, and is held against them.
    """
    found: dict[str, set[str]] = {}
    for name, kind, labels in ROW.findall((DOCS / "monitoring.md").read_text()):
        ends = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        found |= {f"{name}{end}": set(re.findall(r"[a-z_]+", labels)) for end in ends}
    return found


def promtool(*arguments: object) -> str:
    """Run it, and return what it says."""
    done = subprocess.run(
        [need("promtool", "prometheus"), *map(str, arguments)],
        cwd=PROMETHEUS,
        capture_output=True,
        check=False,
        timeout=60,
    )
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


def test_prometheus_reads_the_rules() -> None:
    """All of them."""
    assert f"SUCCESS: {len(ALERTS)} rules found" in promtool("check", "rules", RULES.name)


def test_alerts_wait_for_what_they_are_meant_for() -> None:
    """On series that are written down beside them."""
    assert "SUCCESS" in promtool("test", "rules", "waypost.test.yml")


def test_prometheus_reads_what_the_dashboard_asks(tmp_path: Path) -> None:
    """Each query, as if it were a rule."""
    assert len(QUERIES) > 20
    rules = [
        {"record": f"query:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(QUERIES)
    ]
    file = tmp_path / "dashboard.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"SUCCESS: {len(rules)} rules found" in promtool("check", "rules", file)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_metrics_and_labels_that_are_named_are_exported(expression: str) -> None:
    """A metric that is renamed takes them along."""
    declared = exported()
    metrics = set(re.findall(r"\bwaypost_[a-z_]+", expression))
    assert metrics <= declared.keys()
    labels = set(re.findall(r"([a-z_]+)(?:=~|=)\"", expression))
    for listed in re.findall(r"by \(([a-z_, ]+)\)", expression):
        labels |= set(listed.split(", "))
    assert labels <= OF_PROMETHEUS.union(*(declared[name] for name in metrics))


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_an_alert_says_how_bad_it_is_and_what_to_do(alert: dict[str, Any]) -> None:
    """With commands and log events that exist."""
    assert alert["labels"]["severity"] in {"page", "ticket"}
    told = alert["annotations"]["summary"] + alert["annotations"]["description"]
    for command in re.findall(r"`waypost ([a-z-]+)", told):
        assert command in COMMANDS
    page = (DOCS / "monitoring.md").read_text()
    for event in re.findall(r"[(,] ?([a-z]+_[a-z_]+)(?=[,)])", told):
        assert f"`{event}`" in page


def test_every_panel_has_its_place() -> None:
    """None lies on another, and none has the id of another."""
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])

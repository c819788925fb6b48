"""The dashboard and the alerts in deploy/ ask for metrics that exist, and alerts wake somebody when they should."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from feed.live import gate
from tests.server import ROOT
from tests.test_docs import rows

DASHBOARD = ROOT / "deploy" / "grafana" / "liveline.json"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
needs_promtool = pytest.mark.skipif(
    not shutil.which("promtool"), reason="promtool is not installed (Debian: apt install prometheus)"
)


def queries() -> list[str]:
    """What the dashboard asks Prometheus for."""
    return [target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel["targets"]]


def test_every_metric_that_is_asked_for_exists() -> None:
    kinds = {row[0].strip("`"): row[1] for row in rows("docs/operate.md", "Metrics")}
    parts = {"histogram": ("_bucket", "_count")}
    exist = {name + part for name, kind in kinds.items() for part in parts.get(kind, ("",))}
    for asked in ("\n".join(queries()), ALERTS.read_text()):
        named = set(re.findall(r"\bliveline_\w+", asked))
        assert len(named) > 5, "this test reads nothing"
        assert named - exist == set()


def test_alerts_name_reasons_that_readers_are_refused_for_and_each_has_a_line_in_the_documents() -> None:
    text = ALERTS.read_text()
    reasons = re.findall(r'why=~"([^"]+)"', text)[0].split("|")
    given = Path(gate.__file__).read_text()
    assert [each for each in reasons if f'"{each}"' not in given] == []
    documented = [row[0].strip("`") for row in rows("docs/operate.md", "Alerts")]
    assert documented == re.findall(r"alert: (\w+)", text)
    assert len(documented) == 5


@needs_promtool
def test_each_alert_wakes_somebody_when_it_should_and_not_before(tmp_path: Path) -> None:
    rules = [{"record": f"asked:{number}", "expr": expr} for number, expr in enumerate(queries())]
    asked = tmp_path / "dashboard.yml"
    asked.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))  # JSON is YAML too
    for command in (
        ("check", "config", ALERTS.parent / "prometheus.yml"),  # and the alerts with it
        ("check", "rules", asked),
        ("test", "rules", "tests/alerts.yml"),
    ):
        done = subprocess.run(["promtool", *command], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

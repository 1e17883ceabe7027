"""Small messages after public reports: which links of each are tracked, as `waypost explain` says.

The cases are looked for beside the corpus, or where `$WAYPOST_CASES` points.
"""

import json
import os
from pathlib import Path

import pytest

from tests.support.commands import run
from tests.support.repository import ROOT

FOLDER = Path(os.environ.get("WAYPOST_CASES", ROOT.parent / "shared" / "cases"))
CASES = sorted(path.parent for path in FOLDER.glob("links/*/want.json"))
CONFIG = """
[tracking]
base_url = "https://t.example.com"
{}
[relay]
host = "127.0.0.1"
[[sender]]
domain = "example.com"
"""


@pytest.mark.skipif(not CASES, reason=f"no cases at {FOLDER} (set WAYPOST_CASES)")
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_links_are_tracked_as_the_case_says(case: Path, tmp_path: Path) -> None:
    """Nothing that people rely on is led astray, and nothing is left alone without need."""
    want = json.loads((case / "want.json").read_text(encoding="utf-8"))
    config = tmp_path / "waypost.toml"
    config.write_text(CONFIG.format(want["config"]), encoding="utf-8")
    printed = run("explain", case / "input.eml", "--json", "-c", config)
    told = json.loads(printed[printed.index("{") :])
    found = {link["url"]: link["decision"] for link in told["links"]}
    assert {url: found.get(url) for url in want["links"]} == want["links"], told

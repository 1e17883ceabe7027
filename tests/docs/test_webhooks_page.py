"""docs/webhooks.md: what it tells receivers to do works, and what it shows is what is sent."""

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.clients.programs import need
from tests.support.receiver import OTHER_SECRET, SECRET
from tests.support.repository import DOCS
from tracker.outbox.events import example
from tracker.webhooks import signing

PAGE = (DOCS / "webhooks.md").read_text()
KEYS = (b"0123456789abcdef01234567", b"abcdefghijklmnopqrstuvwxyz")
"""What the secrets stand for."""


def block(language: str) -> str:
    """Return the code of the page in a language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def request(at_s: float) -> tuple[dict[str, str], bytes]:
    """Return headers and body of an event that both secrets sign."""
    body = example(at_s)
    return signing.headers("abc-1", at_s, body, KEYS), body


CASES = [
    ({}, SECRET, True),
    ({}, OTHER_SECRET, True),
    ({}, "whsec_" + "A" * 32, False),
    ({"webhook-id": "abc-2"}, SECRET, False),
    ({"webhook-signature": "v1,AAAA v2,x"}, SECRET, False),
    ({"old": "1"}, SECRET, False),
]


@pytest.mark.parametrize(("changed", "secret", "good"), CASES)
def test_the_python_of_the_page_verifies(
    changed: dict[str, str], secret: str, *, good: bool
) -> None:
    """What is ours, and nothing else."""
    namespace: dict[str, Any] = {}
    exec(block("python"), namespace)
    headers, body = request(time.time() - (3600 if "old" in changed else 0))
    if good:
        assert namespace["verified"](headers | changed, body, secret) == json.loads(body)
    else:
        with pytest.raises(ValueError, match=r"not ours|too old"):
            namespace["verified"](headers | changed, body, secret)


def test_the_javascript_of_the_page_verifies(tmp_path: Path) -> None:
    """All cases in one run of Node."""
    node = need("node", "nodejs")
    cases = []
    for changed, secret, _ in CASES:
        headers, body = request(time.time() - (3600 if "old" in changed else 0))
        cases.append({"headers": headers | changed, "body": body.decode(), "secret": secret})
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    script = tmp_path / "verify.js"
    script.write_text(
        block("javascript")
        + """
const told = JSON.parse(require("node:fs").readFileSync(process.argv[2])).map((each) => {
  try { return verified(each.headers, Buffer.from(each.body), each.secret).type; }
  catch (error) { return error.message; }
});
console.log(JSON.stringify(told));
"""
    )
    done = subprocess.run([node, script, tmp_path / "cases.json"], capture_output=True, check=True)
    told = json.loads(done.stdout)
    assert [each == "webhook.test" for each in told] == [good for *_, good in CASES]
    assert set(told) == {"webhook.test", "not ours", "too old, or too new"}


def test_the_event_of_the_page_has_the_fields_of_events() -> None:
    """In their order."""
    shown = json.loads(block("json"))
    sent = json.loads(example(0))
    assert list(shown) == list(sent)
    assert list(shown["data"]) == list(sent["data"])
    assert [type(each) for each in shown["data"].values()] == [
        type(each) for each in sent["data"].values()
    ]

"""Whatever is asked of the API, the answer is one that its own document describes: schemathesis asks.

Requests that the document allows, and such that it does not, made up from the document as it is served by a
tracker that runs, on a store with a history. `WAYPOST_HYPOTHESIS=thorough` asks fifty times as often.
"""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.schemas import OpenApiSchema

from config.schema import Config
from tests.e2e.api.conftest import Served, serving
from tracker.api.api import PREFIX, Api

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    allow_header_conformance,
]
OPERATIONS = Api(Config, lambda *_: pytest.fail("no link is made here")).operations
TAKING_NOTHING = {
    each.path
    for each in OPERATIONS
    if each.method == "GET" and not each.asks and "{" not in each.path
}
CASES = [
    pytest.param(
        each.method, f"{PREFIX}{each.path}", mode, id=f"{each.method} {each.path} {mode.value}"
    )
    for each in OPERATIONS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or each.method == "POST" or each.path not in TAKING_NOTHING
]
"""Of what takes nothing there is no request that the document does not allow."""
EXAMPLES = hypothesis.settings.default.max_examples // 4
PHASES = (Phase.explicit, Phase.generate)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run one tracker for all of these tests."""
    with serving(Path(tmp_path_factory.mktemp("api")) / "waypost") as found:
        yield found


@pytest.fixture(scope="module")
def document(asked: Served) -> OpenApiSchema:
    """Return the document that it serves."""
    return schemathesis.openapi.from_url(f"{asked.url}/api/v1/openapi.json")


@pytest.mark.parametrize(("method", "path", "mode"), CASES)
def test_every_answer_is_as_described(
    document: OpenApiSchema, method: str, path: str, mode: GenerationMode
) -> None:
    """No fault of ours, and status, headers and body are those that the document tells of."""

    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=PHASES,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(document[path][method].as_strategy(mode))
    def check(case: Case) -> None:
        case.call_and_validate(checks=CHECKS, timeout=60)

    check()


def test_the_document_lists_every_operation(document: OpenApiSchema) -> None:
    """So that none of them is left out above."""
    listed = {
        (found.ok().method.upper(), found.ok().path) for found in document.get_all_operations()
    }
    assert listed == {(each.method, f"{PREFIX}{each.path}") for each in OPERATIONS}

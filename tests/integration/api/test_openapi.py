"""The API's description is valid, and says what every request may come to."""

import re
from itertools import takewhile
from pathlib import Path
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator

from bot.api.described import BESIDE
from tests.fakes.api import ApiStage

JSON = "application/json"
README = Path(__file__).parents[3] / "README.md"


async def described(api: ApiStage) -> dict[str, Any]:
    """Return the description as it is served."""
    body: dict[str, Any] = (await api.ask("/openapi.json", secret="")).body
    return body


async def test_the_description_is_valid_openapi(api: ApiStage) -> None:
    """Judged by the validator of the OpenAPI community."""
    OpenAPIV31SpecValidator(await described(api)).validate()


async def test_every_operation_names_its_scope_and_its_problems(api: ApiStage) -> None:
    """Each needs a token, and each refusal is a problem document."""
    document = await described(api)
    beside = {one.path for one in BESIDE}
    operations = [
        one
        for path, methods in document["paths"].items()
        for one in methods.values()
        if path not in beside
    ]
    assert operations
    for one in operations:
        (needed,) = one["security"]
        assert needed["token"][0] in ("read", "operate", "supervise", "admin")
        assert {"401", "403", "422", "500", "503"} <= one["responses"].keys()
        for status, answer in one["responses"].items():
            if status == "304":
                continue
            media = list(answer["content"])
            problem = ["application/problem+json"]
            assert media == problem if status >= "400" else media[0] == JSON


FILES = ("/diff", "/stream", "/export", "/rca", "/rca/report")


async def test_a_difference_has_a_media_type_for_each_of_its_forms(
    api: ApiStage,
) -> None:
    """What is no JSON of ours is described as what it is."""
    paths = (await described(api))["paths"]
    path = "/runs/{run_id}/checkpoints/{checkpoint_id}/diff"
    answers = paths[path]["get"]["responses"]["200"]["content"]
    patch = "application/json-patch+json"
    assert [*answers] == [JSON, patch, "text/markdown", "text/html"]
    others = {
        kind
        for one, methods in paths.items()
        for method in methods.values()
        for status, answer in method["responses"].items()
        for kind in answer.get("content", {})
        if status < "400" and not one.endswith(FILES)
    }
    assert others == {JSON, "application/schema+json"}


async def test_the_readme_lists_every_call(api: ApiStage) -> None:
    """Some by their last word alone, beside one that differs in that."""
    lines = README.read_text().split("| call | does |\n", 1)[1].splitlines()[1:]
    listed: set[str] = set()
    for line in takewhile(lambda one: one.startswith("|"), lines):
        call, does = (cell.strip() for cell in line.strip("|").split("|"))
        listed.add(call.strip("`"))
        if does.startswith("and likewise"):
            folder = call.strip("`").rpartition("/")[0]
            listed |= {f"{folder}/{word}" for word in re.findall(r"`(\w+)`", does)}
    document = await described(api)
    assert listed == {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
    }

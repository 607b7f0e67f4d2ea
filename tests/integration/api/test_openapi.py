"""The API's description is valid, and says what every request may come to."""

from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.fakes.api import ApiStage


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
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert operations
    for one in operations:
        (needed,) = one["security"]
        assert needed["token"][0] in ("read", "operate", "supervise", "admin")
        assert {"401", "403", "422", "500", "503"} <= one["responses"].keys()
        for status, answer in one["responses"].items():
            media = list(answer["content"])
            problem = ["application/problem+json"]
            assert media == (problem if status >= "400" else ["application/json"])

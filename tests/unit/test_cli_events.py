"""`nofx events schema` prints what events look like, without a database."""

import json

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from core.live.typescript import typescript
from core.live.wire_schema import envelope_schema
from tests.fakes.cli_service import FakeService


@pytest.mark.parametrize("option", ["", "--typescript"])
def test_the_schema_is_printed_alone(option: str) -> None:
    """It goes into a file as it is; no setting is read and nothing is started."""
    service = FakeService()
    arguments = ["events", "schema", *filter(None, [option])]

    done = CliRunner().invoke(app, arguments, obj=service)

    assert (done.exit_code, done.stderr) == (0, "")
    assert service.calls == []
    if option:
        assert done.stdout == typescript(envelope_schema())
    else:
        assert json.loads(done.stdout) == envelope_schema()

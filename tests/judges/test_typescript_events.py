"""TypeScript's own compiler accepts our types, and catches whoever misuses them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from core.live.typescript import typescript
from core.live.wire_schema import envelope_schema
from tests.judges.npm import unavailable, unpacked

pytestmark = pytest.mark.judge
OPTIONS = (
    *("--strict", "--noEmit", "--pretty", "false", "--noUnusedLocals"),
    *("--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"),
    *("--target", "es2022", "--module", "nodenext", "--lib", "es2022"),
)
DASHBOARD = """\
import {
  type AnyEvent, type NofxEvent, type StreamReset, isNofxEvent,
} from "./nofx-events.js";

export function told(event: NofxEvent): string {
  switch (event.type) {
    case "step.finished":
      return `${event.data.to} after ${event.data.seconds ?? 0} s`;
    case "finding.posted":
      return `comment ${event.data.comment_id.toFixed()}`;
    case "run.created":
      return `${event.data.repository}#${event.data.pull} by ${event.run_id ?? "?"}`;
    case "sandbox.finished":
      return event.data.killed_by === "memory" ? "out of memory" : event.data.program;
    case "branch.created":
      return event.data.parents.map((one) => one.checkpoint_id).join();
    case "delivery.received":
      return `${event.data.event} at ${event.position}`;
    default:
      return event.type;
  }
}

export function first(events: NofxEvent[]): "model.called" | undefined {
  const called = events.find((one) => one.type === "model.called");
  const cost: number | undefined = called?.data.cost_usd;
  return cost === undefined ? undefined : called?.type;
}

export function read(line: string): string {
  const event: AnyEvent = JSON.parse(line);
  return isNofxEvent(event) ? told(event) : `unknown: ${event.type} ${event.subject}`;
}

export const again = (reset: StreamReset): boolean => reset.reason === "trimmed";
"""
# What each of these lines must be called by the compiler.
WRONG = {
    'if (event.type === "step.finished") event.data.comment_id;': "TS2339",
    'if (event.type === "step.finished") event.data.sumary;': "TS2551",
    "event.data.seconds;": "TS2339",
    'event.type === "step.finnished";': "TS2367",
    'if (event.type === "finding.posted") event.data.comment_id.trim();': "TS2339",
    'if (event.type === "step.finished") event.data.seconds.toFixed();': "TS18048",
    'if (event.type === "sandbox.finished") event.data.killed_by === "boredom";': (
        "TS2367"
    ),
    'if (event.type === "run.created") event.data.base_sha.length;': "TS18049",
    "event.position.trim();": "TS2339",
    "if (isNofxEvent(any)) any.data.nothing;": "TS2339",
}


@pytest.fixture(scope="module")
def compiler() -> list[str]:
    """Give the words that run TypeScript's compiler."""
    node = shutil.which("node")
    if node is None:
        unavailable("node is not installed, so TypeScript cannot be run")
    return [node, str(unpacked("typescript", "5.9.3") / "lib" / "tsc.js"), *OPTIONS]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with the module that we make."""
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "nofx-events.ts").write_text(typescript(envelope_schema()))
    return tmp_path


def complaints(compiler: list[str], folder: Path, text: str) -> str:
    """Return what the compiler says of a module beside ours."""
    (folder / "dashboard.ts").write_text(text)
    # The compiler at a pinned version, over two files of ours.
    done = subprocess.run(  # noqa: S603
        [*compiler, "dashboard.ts"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert (done.returncode == 0) is (done.stdout == ""), done.stderr
    return done.stdout


def test_a_dashboard_that_narrows_by_type_compiles(
    compiler: list[str], folder: Path
) -> None:
    """In the strictest mode, with nothing cast."""
    assert complaints(compiler, folder, DASHBOARD) == ""


def test_whoever_misuses_an_event_is_told(compiler: list[str], folder: Path) -> None:
    """Each wrong line, and no other, with the reason that it deserves."""
    head = (
        'import { type AnyEvent, type NofxEvent, isNofxEvent } from "./nofx-events.js";'
        "export function wrong(event: NofxEvent, any: AnyEvent): void {"
    )
    text = "\n".join([head, *WRONG, "}"])
    said = complaints(compiler, folder, text)
    # A message may go on in lines of its own.
    found = re.findall(
        r"^dashboard\.ts\((\d+),\d+\): error (TS\d+)", said, re.MULTILINE
    )
    assert [(int(line), code) for line, code in found] == list(
        enumerate(WRONG.values(), start=2)
    )

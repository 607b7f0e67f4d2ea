"""A runner of GitHub Actions, as far as the `run:` steps of a job need one."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# What the runner starts for `shell: bash`.
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)
LONG_AGO = 1_000_000_000


@dataclass
class Ran:
    """What a step left: its exit code and what it printed."""

    name: str
    code: int
    out: str
    err: str


@dataclass
class Runner:
    """A runner's machine: a workspace, an event, a summary, and what expressions give.

    An expression that is not among `values` is an error of the test, and so is a
    variable that a step reads and nobody set.
    """

    workspace: Path
    event: str
    payload: Mapping[str, Any]
    values: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """Return what the job's summary shows."""
        return (self.workspace.parent / "summary.md").read_text()

    async def run(self, job: Mapping[str, Any]) -> list[Ran]:
        """Run a job's steps in turn, and none after one that fails."""
        self.workspace.mkdir(exist_ok=True)
        ran: list[Ran] = []
        for step in job["steps"]:
            if "run" in step:
                ran.append(await self._step(step))
                if ran[-1].code:
                    break
        return ran

    async def _step(self, step: Mapping[str, Any]) -> Ran:
        given = {name: self._filled(text) for name, text in step.get("env", {}).items()}
        script = self.workspace.parent / "step.sh"
        script.write_text(f"set -u\n{step['run']}")
        process = await asyncio.create_subprocess_exec(
            *BASH,
            str(script),
            cwd=self.workspace,
            env={**self._environment(), **given},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        name = str(step.get("name", step["run"]))
        return Ran(name, process.returncode or 0, out.decode(), err.decode())

    def _filled(self, text: str) -> str:
        return EXPRESSION.sub(lambda found: self.values[found[1]], str(text))

    def _environment(self) -> dict[str, str]:
        event = self.workspace.parent / "event.json"
        event.write_text(json.dumps(self.payload))
        summary = self.workspace.parent / "summary.md"
        summary.touch()
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
            "HOME": str(Path.home()),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": self.event,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_WORKSPACE": str(self.workspace),
            **self.variables,
        }


def check_out(repository: Path, folder: Path, sha: str) -> None:
    """Do what actions/checkout does with the whole history, and no credentials."""
    git = shutil.which("git") or "git"
    for arguments in (
        ("clone", "--quiet", "--no-checkout", str(repository), str(folder)),
        ("-C", str(folder), "checkout", "--quiet", "--detach", sha),
    ):
        subprocess.run([git, *arguments], check=True, capture_output=True)  # noqa: S603


def check_out_nofx(folder: Path) -> None:
    """Lay this checkout's Makefile beside programs that are installed already.

    To install them takes minutes and the network; `make .venv` looks at the same files
    as ever, and finds that nothing is to be done.
    """
    programs = folder / ".venv/bin"
    programs.mkdir(parents=True)
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copyfile(ROOT / name, folder / name)
        os.utime(folder / name, (LONG_AGO, LONG_AGO))
    shutil.copyfile(ROOT / "requirements.lock", folder / ".venv/installed.lock")
    nofx = programs / "nofx"
    nofx.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m bot "$@"\n')
    nofx.chmod(0o755)

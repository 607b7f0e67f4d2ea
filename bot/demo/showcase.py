"""A small repository with a change in which there is something to find."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from bot.pipeline.checkout import Checkout
from bot.settings import environment

TITLE = "Export orders, and greet contributors"
BODY = "Adds the export that support asked for."

# Has the shape of a token and is none. Put together here, so that nobody who scans
# this file for secrets has to find that out.
TOKEN = "ghs_" + "NothingOpensWithThis0nlyTheDemoShowsIt42"

README = """# Shop

Takes orders and keeps them.
"""
ORDERS = '''"""Orders and what they cost."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Order:
    """One order; the price is in cents."""

    number: int
    customer: str
    price: int


def total(orders: list[Order]) -> int:
    """Return what all orders cost together, in cents."""
    return sum(order.price for order in orders)
'''
BEFORE = {"README.md": README, "shop/orders.py": ORDERS}

AFTER = {
    "README.md": f"{README}\nSupport can export a customer's orders as an archive.\n",
    "shop/orders.py": f'''{ORDERS}

def average(orders: list[Order]) -> float:
    """Return what an order costs on average, in cents; 0 when there is none."""
    return total(orders) / len(orders) if orders else 0.0
''',
    "shop/export.py": '''"""Hands a customer's orders to support as an archive."""

import subprocess

import yaml


def settings(path: str) -> dict[str, str]:
    """Read where archives go."""
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, Loader=yaml.Loader)


def archive(customer: str, folder: str) -> None:
    """Pack a customer's orders."""
    subprocess.run(f"tar czf {folder}/{customer}.tgz orders/{customer}", shell=True)
''',
    "shop/upload.py": f'''"""Sends archives to where support finds them."""

TOKEN = "{TOKEN}"


def headers() -> dict[str, str]:
    """Return what a request for uploading carries."""
    return {{"Authorization": f"Bearer {{TOKEN}}"}}
''',
    ".github/workflows/greet.yml": """name: greet
on:
  pull_request_target:
    types: [opened]
permissions: {}
jobs:
  greet:
    runs-on: ubuntu-latest
    steps:
      - run: echo "Thank you for ${{ github.event.pull_request.title }}"
""",
}

IDENTITY = (
    *("-c", "user.name=Ada"),
    *("-c", "user.email=ada@example.com"),
    *("-c", "commit.gpgSign=false"),
    *("-c", "core.autocrlf=false"),
)


async def make(folder: Path) -> tuple[str, str]:
    """Make the repository in a new folder; return the SHAs of base and head.

    Nothing of the person's own git configuration takes part. Raises GitMissingError.
    """
    await asyncio.to_thread(_write, folder, BEFORE)
    environ = environment()
    git = Checkout(folder, {name: environ[name] for name in environ if name == "PATH"})
    await git.run("init", "--quiet", "--initial-branch=main", "--template=")
    base = await _commit(git, "Take orders")
    await asyncio.to_thread(_write, folder, AFTER)
    head = await _commit(git, f"{TITLE}\n\n{BODY}")
    return base, head


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder, which need not be there yet."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


async def _commit(git: Checkout, message: str) -> str:
    """Commit everything and return the commit's SHA."""
    await git.run(*IDENTITY, "add", "--all", "--force", ".")
    await git.run(*IDENTITY, "commit", "--quiet", "--no-verify", "-m", message)
    return (await git.commit("HEAD")).sha

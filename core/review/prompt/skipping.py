"""Which files nobody should read: generated, vendored, locked and minified ones."""

import re
from pathlib import PurePosixPath

LOCKS = frozenset(
    {
        "bun.lock",
        "bun.lockb",
        "cargo.lock",
        "composer.lock",
        "flake.lock",
        "gemfile.lock",
        "go.sum",
        "gradle.lockfile",
        "mix.lock",
        "npm-shrinkwrap.json",
        "package-lock.json",
        "packages.lock.json",
        "pdm.lock",
        "pipfile.lock",
        "pnpm-lock.yaml",
        "poetry.lock",
        "podfile.lock",
        "pubspec.lock",
        "requirements.lock",
        "uv.lock",
        "yarn.lock",
    }
)
VENDORED = frozenset(
    {"bower_components", "node_modules", "site-packages", "third_party", "vendor"}
)
MINIFIED = re.compile(r"[.-]min\.(?:js|css|mjs|cjs)$|\.bundle\.js$")
GENERATED = re.compile(
    r"\.map$|\.snap$|_pb2(?:_grpc)?\.pyi?$|\.pb\.(?:go|cc|h)$|\.g\.dart$|\.freezed\.dart$"
    r"|\.designer\.cs$|\.generated\.[a-z]+$|_generated\.go$|^zz_generated\."
)
# A header says so in a comment near the top; elsewhere the words are only words.
HEADER_LINES, HEADER_BYTES = 12, 2000
HEADER = re.compile(
    rb"^\W{0,8}\s*(?:.{0,80}@generated\b|.{0,80}\bDO NOT EDIT\b"
    rb"|.{0,80}\b(?:auto-?generated|automatically generated|generated)\s+(?:by|from)\b"
    rb"|.{0,80}linguist-generated)",
    re.IGNORECASE,
)
COMMENT = re.compile(rb"^\s*(?:#|//|/\*|\*|<!--|--|;|%|\"\"\"|@generated)")
LONG_LINE, LONG_SHARE = 500, 0.5


def skipped(path: str, content: bytes | None) -> str | None:
    """Return why a file is not read; None when it is.

    By its name, by what its head says, and by lines that no person wrote. `content` is
    None where it is not at hand.
    """
    pure = PurePosixPath(path)
    name = pure.name.lower()
    if name in LOCKS:
        return "it is a lock file, which a program writes"
    if not VENDORED.isdisjoint(part.lower() for part in pure.parts[:-1]):
        return "it is vendored: others wrote it, and it is reviewed where it is made"
    if MINIFIED.search(name):
        return "it is minified"
    if GENERATED.search(name):
        return "it is generated, as its name says"
    if content is not None:
        return _by_content(content)
    return None


def _by_content(content: bytes) -> str | None:
    for line in content[:HEADER_BYTES].split(b"\n")[:HEADER_LINES]:
        if COMMENT.match(line) and HEADER.search(line):
            return "it is generated, as its head says"
    long = sum(len(one) for one in content.split(b"\n") if len(one) > LONG_LINE)
    if content and long > LONG_LINE * 4 and long / len(content) > LONG_SHARE:
        return "it is minified or data: most of it stands in very long lines"
    return None

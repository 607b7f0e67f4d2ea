"""Small key services over real HTTP, which answer as AWS, Google and Vault do.

Each holds real AES-GCM keys and binds what they bind. Sources: the API references named
in core/memory/keys/{aws,gcp,vault}.py.
"""

import base64
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
NONCE = 12


@dataclass
class Held:
    """The keys of a service, and who asked for what; `down` answers nobody."""

    keys: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    down: bool = False

    def seal(self, name: str, plain: bytes, bound: bytes) -> bytes:
        """Return nonce and ciphertext."""
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(self.keys[name]).encrypt(nonce, plain, bound)

    def open(self, name: str, sealed: bytes, bound: bytes) -> bytes | None:
        """Return what was sealed, None when it was not sealed so."""
        try:
            aead = AESGCM(self.keys[name])
            return aead.decrypt(sealed[:NONCE], sealed[NONCE:], bound)
        except (InvalidTag, ValueError):
            return None


@asynccontextmanager
async def served(held: Held, answer: Answer) -> AsyncIterator[str]:
    """Serve a stand-in; yields its address."""

    async def counted(request: web.Request) -> web.StreamResponse:
        held.asked.append(request.path)
        if held.down:
            return web.Response(status=503, text="{}")
        return await answer(request)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", counted)
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


def aws(held: Held) -> Answer:
    """Answer as AWS KMS: JSON 1.1, the operation in a header, errors by `__type`."""

    async def answer(request: web.Request) -> web.StreamResponse:
        assert "Credential=" in request.headers["Authorization"]
        operation = request.headers["X-Amz-Target"].removeprefix("TrentService.")
        asked = json.loads(await request.read())
        name, context = asked["KeyId"], asked.get("EncryptionContext", {})
        bound = json.dumps(context, sort_keys=True).encode()
        if name not in held.keys:
            return _aws_error("NotFoundException", f"Key '{name}' does not exist")
        if operation == "Encrypt":
            sealed = held.seal(name, _raw(asked["Plaintext"]), bound)
            # A blob names its key, so a decryption with another one is told apart.
            blob = json.dumps([name, _text(sealed)]).encode()
            return _aws_answer({"KeyId": name, "CiphertextBlob": _text(blob)})
        return _aws_opened(held, name, _raw(asked["CiphertextBlob"]), bound)

    return answer


def _aws_opened(held: Held, name: str, blob: bytes, bound: bytes) -> web.Response:
    try:
        made_with, sealed = json.loads(blob)
    except ValueError:
        return _aws_error("InvalidCiphertextException")
    if made_with != name:
        return _aws_error("IncorrectKeyException")
    plain = held.open(name, _raw(sealed), bound)
    if plain is None:
        return _aws_error("InvalidCiphertextException")
    return _aws_answer({"KeyId": name, "Plaintext": _text(plain)})


def _aws_answer(body: Mapping[str, str], status: int = 200) -> web.Response:
    kind = "application/x-amz-json-1.1"
    return web.Response(status=status, text=json.dumps(body), content_type=kind)


def _aws_error(kind: str, message: str = "") -> web.Response:
    return _aws_answer({"__type": kind, "message": message}, 400)


def gcp(held: Held) -> Answer:
    """Answer as Google Cloud KMS: the operation behind a colon in the path."""

    async def answer(request: web.Request) -> web.StreamResponse:
        name, _, operation = request.path.removeprefix("/v1/").rpartition(":")
        asked = await request.json()
        bound = _raw(asked.get("additionalAuthenticatedData", ""))
        if name not in held.keys:
            return _gcp_error(404, "NOT_FOUND", f"CryptoKey {name} not found.")
        if operation == "encrypt":
            sealed = held.seal(name, _raw(asked["plaintext"]), bound)
            return web.json_response({"name": name, "ciphertext": _text(sealed)})
        plain = held.open(name, _raw(asked.get("ciphertext", "")), bound)
        if plain is None:
            return _gcp_error(400, "INVALID_ARGUMENT", "Decryption failed.")
        return web.json_response({"plaintext": _text(plain)})

    return answer


def _gcp_error(status: int, name: str, message: str) -> web.Response:
    error = {"code": status, "status": name, "message": message}
    return web.json_response({"error": error}, status=status)


TOKEN = "a-token-of-a-stand-in"  # it opens nothing


def vault(held: Held) -> Answer:
    """Answer as Vault's transit engine at `transit`; ciphertexts carry a version."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.headers.get("X-Vault-Token") != TOKEN:
            return web.json_response({"errors": ["permission denied"]}, status=403)
        _, _, mount, operation, name = request.path.split("/")
        if mount != "transit":
            return web.json_response({"errors": ["no handler for route"]}, status=404)
        if operation == "keys":
            known = name in held.keys
            body: dict[str, Any] = {"data": {"name": name}} if known else {"errors": []}
            return web.json_response(body, status=200 if known else 404)
        asked = await request.json()
        bound = _raw(asked.get("associated_data", ""))
        if operation == "encrypt":
            # As Vault does for who may create: an unknown name makes a key.
            held.keys.setdefault(name, os.urandom(32))
            sealed = held.seal(name, _raw(asked["plaintext"]), bound)
            return _vault_answer("ciphertext", f"vault:v1:{_text(sealed)}")
        return _vault_opened(held, name, asked["ciphertext"], bound)

    return answer


def _vault_opened(held: Held, name: str, given: str, bound: bytes) -> web.Response:
    if name not in held.keys:
        return _vault_error("encryption key not found")
    try:
        sealed = base64.b64decode(given.removeprefix("vault:v1:"), validate=True)
    except ValueError:
        return _vault_error("invalid ciphertext: could not decode base64")
    plain = held.open(name, sealed, bound)
    if plain is None:
        return _vault_error("cipher: message authentication failed")
    return _vault_answer("plaintext", _text(plain))


def _vault_answer(name: str, value: str) -> web.Response:
    return web.json_response({"data": {name: value}})


def _vault_error(message: str) -> web.Response:
    return web.json_response({"errors": [message]}, status=400)


def _raw(text: str) -> bytes:
    return base64.b64decode(text)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()

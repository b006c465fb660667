"""Keyed tokens: what stands for a personal identifier outside the vault.

A token is the first 32 hex characters of HMAC-SHA256(key, "<identifier type>:<value>"). It is
computed inside the loader's own connection, from two session variables, so that the key is in no
query text.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping

import duckdb

from orchestration.loading.errors import LoadError
from orchestration.loading.lake import Lake, sync_folder

KEY_VARIABLE = "REKINDLE_TOKEN_KEY"
MACRO = (
    "token_of(identifier) AS left(sha256(getvariable('token_outer') || "
    "unhex(sha256(getvariable('token_inner') || encode(identifier)))), 32)"
)
_BLOCK = 64


def read_token_key(lake: Lake, environment: Mapping[str, str]) -> bytes:
    """The key of the environment, else the lake's own, made on first use. Raises LoadError."""
    named = environment.get(KEY_VARIABLE, "")
    if named:
        return named.encode()
    path = lake.token_key_file
    if not path.exists():
        if lake.ledger_file.exists():
            raise LoadError(
                f"The token key {path} is gone, and {KEY_VARIABLE} is not set. Put the key back: "
                "with another one the persons already loaded could not be found again."
            )
        unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
        sync_folder(path.parent)
    key = path.read_bytes().strip()
    if not key:
        raise LoadError(f"The token key {path} is empty; put the key back.")
    return key


def token_key_id(key: bytes) -> str:
    """A name for a key that does not give it away."""
    return hmac.digest(key, b"rekindle token key", "sha256").hex()[:16]


def install_tokens(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Make the SQL macro `token_of('<identifier type>:<value>')` known to a connection."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    connection.execute("SET VARIABLE token_inner = $1::BLOB", [bytes(b ^ 0x36 for b in block)])
    connection.execute("SET VARIABLE token_outer = $1::BLOB", [bytes(b ^ 0x5C for b in block)])
    connection.execute(f"CREATE MACRO {MACRO}")

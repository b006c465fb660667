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
TOMBSTONE_KEY_VARIABLE = "REKINDLE_TOMBSTONE_KEY"
"""The key of the tombstones of erased persons, where the key of the tokens was changed since."""
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


def tombstone_key(key: bytes, environment: Mapping[str, str]) -> bytes:
    """The key under which erased persons are known: the environment's, else that of the tokens."""
    return environment.get(TOMBSTONE_KEY_VARIABLE, "").encode() or key


def install_tokens(connection: duckdb.DuckDBPyConnection, key: bytes, tombstones: bytes) -> None:
    """Make `token_of('<identifier type>:<value>')` and `tombstone_of('<kind>:<what>')` known."""
    for name, secret in (("token", key), ("tombstone", tombstones)):
        block = hashlib.sha256(secret).digest() if len(secret) > _BLOCK else secret
        block = block.ljust(_BLOCK, b"\0")
        connection.execute(
            f"SET VARIABLE {name}_inner = $1::BLOB", [bytes(byte ^ 0x36 for byte in block)]
        )
        connection.execute(
            f"SET VARIABLE {name}_outer = $1::BLOB", [bytes(byte ^ 0x5C for byte in block)]
        )
        connection.execute(
            f"CREATE MACRO {name}_of(identifier) AS left(sha256(getvariable('{name}_outer') || "
            f"unhex(sha256(getvariable('{name}_inner') || encode(identifier)))), 32)"
        )

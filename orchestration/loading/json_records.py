"""JSON lines: one object a line, its values as the text that was delivered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.loading.brand import TableMapping, fold_header
from orchestration.loading.contract import FREE_TEXTS, Limits, Table
from orchestration.loading.csv_records import Malformed
from orchestration.loading.errors import FileRefusedError
from orchestration.loading.text_files import Bytes

_SHOWN = 10_000
_LINE_BYTES = 64 << 20


@dataclass(frozen=True)
class JsonRecord:
    """One object: its line (1-based), the line as delivered, and contract column -> text."""

    line: int
    raw: str
    values: Mapping[str, str | None]


class _Number(str):
    """A number by its own spelling."""

    __slots__ = ()


class _RecordError(Exception):
    def __init__(self, reason: str, code: str = "malformed_row") -> None:
        super().__init__(reason)
        self.code = code


class JsonLines:
    """The text of a JSONL file, UTF-8 throughout.

    After reading, `unknown` holds the keys that mean nothing to the table and `seen` the contract
    columns that occurred. Raises FileRefusedError when the text ends within an object.
    """

    def __init__(self, data: Bytes, table: Table, mapping: TableMapping, limits: Limits) -> None:
        self._data = data
        self._limits = limits
        self._targets: dict[str, str | None] = {}
        self._names = {column.name: column.name for column in table.columns}
        self._names.update(mapping.rename)
        self._free_texts = {column.name for column in table.columns if column.type in FREE_TEXTS}
        self.unknown: dict[str, None] = {}
        self.seen: set[str] = set()
        self._decode = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_float=_Number,
            parse_int=_Number,
            parse_constant=_Number,
        ).decode

    def records(self) -> Iterator[JsonRecord | Malformed]:
        """The objects in order; blank lines are passed over."""
        data, size = self._data, len(self._data)
        start, line = (3 if data[:3] == b"\xef\xbb\xbf" else 0), 0
        while start < size:
            newline = data.find(b"\n", start)
            end = size if newline < 0 else newline
            line += 1
            if end - start > _LINE_BYTES:
                yield Malformed(
                    line,
                    "limit_exceeded",
                    f"The line is longer than {_LINE_BYTES} bytes.",
                    data[start : start + _SHOWN].decode("utf-8", "replace"),
                )
                start = end + 1
                continue
            raw = data[start:end].decode().rstrip("\r")
            start = end + 1
            if not raw.strip():
                continue
            try:
                yield JsonRecord(line, raw, self._values(raw))
            except json.JSONDecodeError as error:
                if newline < 0 and _is_cut_off(raw, error):
                    raise FileRefusedError(
                        "unreadable_file",
                        f"The file ends in the middle of an object (line {line}). It was cut off; "
                        "deliver it again whole.",
                    ) from error
                reason = f"The line is no JSON object: {error.msg} at character {error.pos + 1}."
                yield Malformed(line, "malformed_row", reason, raw[:_SHOWN])
            except RecursionError:
                reason = f"The object is nested deeper than {self._limits.json_depth} levels."
                yield Malformed(line, "limit_exceeded", reason, raw[:_SHOWN])
            except _RecordError as error:
                yield Malformed(line, error.code, f"{error}.", raw[:_SHOWN])

    def _values(self, raw: str) -> dict[str, str | None]:
        parsed = self._decode(raw)
        if not isinstance(parsed, dict):
            raise _RecordError("The line is no JSON object but a single value or a list")
        if len(parsed) > self._limits.columns:
            raise _RecordError(
                f"The object has {len(parsed)} keys; {self._limits.columns} are allowed",
                "limit_exceeded",
            )
        if raw.count("{") + raw.count("[") > self._limits.json_depth:
            depth = _depth(parsed)
            if depth > self._limits.json_depth:
                raise _RecordError(
                    f"The object is nested {depth} levels deep; {self._limits.json_depth} are "
                    "allowed",
                    "limit_exceeded",
                )
        if "\\u" in raw:
            _check_text(parsed)
        values: dict[str, str | None] = {}
        for key, value in parsed.items():
            target = self._target(key)
            if target is None:
                continue
            if target in values:
                raise _RecordError(f"Two keys of the object mean {target!r}")
            if type(value) not in _TEXTS:
                value = _as_text(value, target in self._free_texts)
            values[target] = value
        return values

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(at for at, key in enumerate(keys) if key in keys[:at])
            # A key that the contract does not know may be somebody's number.
            name = self._names.get(fold_header(keys[twice]))
            which = f"key {name!r}" if name else f"key at place {twice + 1}"
            raise _RecordError(f"The {which} occurs twice in one object")
        return found

    def _target(self, key: str) -> str | None:
        try:
            return self._targets[key]
        except KeyError:
            target = self._names.get(fold_header(key))
            if len(self._targets) < 100_000:
                self._targets[key] = target
            if target is not None:
                self.seen.add(target)
            elif len(self.unknown) < self._limits.columns:
                self.unknown[key] = None
            return target


_TEXTS = (str, _Number, type(None))


def _as_text(value: Any, is_free_text: bool) -> str:
    """A value that is no text, number or null, as text.

    An object or list is only good as free text; elsewhere it gets the NUL that no good value has.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return _json_text(value) if is_free_text else "\0" + _json_text(value)


def _json_text(value: Any) -> str:
    if isinstance(value, dict):
        pairs = (f"{json.dumps(k, ensure_ascii=False)}: {_json_text(v)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json_text, value)) + "]"
    if isinstance(value, _Number):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _depth(value: Any) -> int:
    """Levels of objects and lists, the outermost one included."""
    deepest, level = 0, [value]
    while level:
        deepest += 1
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return deepest


def _check_text(parsed: dict[str, Any]) -> None:
    try:
        json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _RecordError("The object holds half a character (a lone surrogate)") from None


def _is_cut_off(raw: str, error: json.JSONDecodeError) -> bool:
    at_end = error.pos >= len(raw.rstrip())
    return raw.lstrip().startswith("{") and (at_end or error.msg.startswith("Unterminated string"))

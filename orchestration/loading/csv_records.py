"""CSV by the letter of RFC 4180, record by record, with a way back after a broken one.

The careful twin of DuckDB's reader: slower, but it says of every record on which physical line it
begins, and a record that breaks the rules costs that line only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from orchestration.loading.contract import Limits
from orchestration.loading.errors import FileRefusedError
from orchestration.loading.text_files import Bytes

_LINE_END = re.compile(rb"\r\n|\n|\r")
_QUOTED = re.compile(rb'"((?>[^"]*+(?:""[^"]*+)*+))"')
_SHOWN_BYTES = 10_000
_LINE_BYTES = 64 << 20


@dataclass(frozen=True)
class Malformed:
    """A piece of a text file that is no record: where, why, and what it looks like.

    `span` are the offsets at which it begins, ends, and the next piece begins.
    """

    line: int
    reason_code: str
    reason: str
    raw: str
    span: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True)
class CsvRecord:
    """One record: the physical line on which it begins (1-based), its fields and its span."""

    line: int
    fields: list[str]
    span: tuple[int, int] = (0, 0)


class _BrokenRecordError(Exception):
    """The record at hand breaks the rules.

    `is_open` where more text might have completed it; `resume` is the offset after it where its
    end is known, else reading goes on at the next physical line.
    """

    def __init__(
        self,
        reason: str,
        *,
        code: str = "malformed_row",
        is_open: bool = False,
        resume: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.is_open = is_open
        self.resume = resume


class CsvText:
    """The text of a CSV file, UTF-8 throughout, from which records are read.

    Raises FileRefusedError when there is no header that can be read, or when the text ends in the
    middle of a record.
    """

    def __init__(self, data: Bytes, delimiter: str, limits: Limits) -> None:
        self._data = data
        self._size = len(data)
        self._delimiter = delimiter
        self._separator = delimiter.encode()
        self._limits = limits
        # Bytes that may be looked through in vain for closing quotes, before a quote is only
        # searched for on its own line: keeps a file of nothing but quotes from taking forever.
        self._patience = 4 * self._size + _LINE_BYTES
        self.header, self._start, self._line = self._read_header()

    @property
    def first_line(self) -> int:
        """The physical line after the header."""
        return self._line

    @property
    def body_offset(self) -> int:
        """Where the text after the header begins."""
        return self._start

    def _read_header(self) -> tuple[list[str], int, int]:
        start, line = (3 if self._data[:3] == b"\xef\xbb\xbf" else 0), 1
        while start < self._size:
            end, following = self._line_bounds(start)
            if end - start > _LINE_BYTES:
                raise FileRefusedError(
                    "limit_exceeded",
                    f"The header line is longer than {_LINE_BYTES} bytes; shorten it.",
                )
            if self._data[start:end].strip(b" "):
                break
            start, line = following, line + 1
        else:
            raise FileRefusedError(
                "unreadable_file",
                "The file is empty: it has no header line. Deliver it again whole.",
            )
        try:
            fields, following = self._record_at(start)
        except _BrokenRecordError as error:
            raise FileRefusedError(
                "unreadable_file",
                f"The header line (line {line}) cannot be read: {error}. Correct it.",
            ) from error
        if len(fields) > self._limits.columns:
            raise FileRefusedError(
                "limit_exceeded",
                f"The file has {len(fields)} columns, {self._limits.columns} are allowed; "
                "leave out those that the contract does not know.",
            )
        return fields, following, line + _line_ends(self._data[start:following])

    def records(self) -> Iterator[CsvRecord | Malformed]:
        """The records below the header; blank lines are passed over."""
        start, line, width = self._start, self._line, len(self.header)
        while start < self._size:
            end, following = self._line_bounds(start)
            next_line = line + 1
            try:
                if end - start > self._limits.field_bytes:
                    fields, following = self._long_record(start, end)
                    next_line = line + _line_ends(self._data[start:following])
                else:
                    text = self._data[start:end]
                    if b'"' in text or b"\0" in text:
                        fields, following = self._record_at(start)
                        next_line = line + _line_ends(self._data[start:following])
                    elif text.strip(b" "):
                        fields = text.decode().split(self._delimiter)
                    else:
                        start, line = following, next_line
                        continue
                if len(fields) != width:
                    raise _BrokenRecordError(
                        f"The record has {len(fields)} fields, the header has {width}",
                        is_open=len(fields) < width,
                    )
            except _BrokenRecordError as error:
                following = error.resume or self._line_bounds(start)[1]
                next_line = line + 1
                if error.resume is not None:
                    next_line = line + _line_ends(self._data[start:following])
                if error.is_open and end == self._size:
                    raise FileRefusedError(
                        "unreadable_file",
                        f"The file ends in the middle of a record (line {line}): {error}, and no "
                        "line end follows. It was cut off; deliver it again whole.",
                    ) from error
                yield Malformed(
                    line, error.code, f"{error}.", self._shown(start, end), (start, end, following)
                )
            else:
                yield CsvRecord(line, fields, (start, following))
            start, line = following, next_line

    def _record_at(self, start: int) -> tuple[list[str], int]:
        """The fields of the record at `start`, and the offset of what follows its line end."""
        data, separator = self._data, self._separator
        fields: list[str] = []
        is_too_long = False
        position = start
        end, following = self._line_bounds(start)
        while True:
            if data[position : position + 1] == b'"':
                value, position = self._quoted_at(position, end)
                if position > end:
                    end, following = self._line_bounds(position)
            else:
                stop = data.find(separator, position, end)
                stop = end if stop < 0 else stop
                value, position = data[position:stop], stop
                if b'"' in value:
                    raise _BrokenRecordError("A field that does not begin with a quote has one")
            if b"\0" in value:
                raise _BrokenRecordError("The record holds a NUL character")
            if len(value) > self._limits.field_bytes:
                is_too_long, value = True, b""
            fields.append(value.decode())
            if position == end:
                if is_too_long:
                    raise _BrokenRecordError(
                        f"A field is longer than the {self._limits.field_bytes} bytes it may have",
                        code="limit_exceeded",
                        resume=following,
                    )
                return fields, following
            if data[position : position + len(separator)] != separator:
                raise _BrokenRecordError("Text follows the closing quote of a field")
            position += len(separator)

    def _quoted_at(self, start: int, end: int) -> tuple[bytes, int]:
        """The content of the quoted field at `start`, and the offset after its closing quote."""
        reach = end if self._patience <= 0 else start + 4 * self._limits.field_bytes
        found = _QUOTED.match(self._data, start, reach)
        if found is None:
            self._patience -= min(reach, self._size) - start
            raise _BrokenRecordError("A quote is opened and never closed", is_open=True)
        if b"\n" in found[1]:
            self._patience -= len(found[1]) // 4
        return found[1].replace(b'""', b'"'), found.end()

    def _long_record(self, start: int, end: int) -> tuple[list[str], int]:
        if end - start > _LINE_BYTES:
            raise _BrokenRecordError(
                f"The line is longer than {_LINE_BYTES} bytes", code="limit_exceeded"
            )
        return self._record_at(start)

    def _line_bounds(self, start: int) -> tuple[int, int]:
        """Offsets of the end of the physical line at `start`, and of the next line."""
        newline = self._data.find(b"\n", start)
        stop = self._size if newline < 0 else newline
        carriage = self._data.find(b"\r", start, stop)
        if carriage < 0:
            return stop, min(stop + 1, self._size)
        return carriage, newline + 1 if carriage + 1 == newline else carriage + 1

    def _shown(self, start: int, end: int) -> str:
        return self._data[start : min(end, start + _SHOWN_BYTES)].decode("utf-8", "replace")


def _line_ends(text: bytes) -> int:
    return sum(1 for _ in _LINE_END.finditer(text)) if b"\r" in text else text.count(b"\n")

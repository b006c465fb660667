"""Delivered text files made readable: unpacked within limits, decoded, and looked over once."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import mmap
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestration.loading.contract import Limits
from orchestration.loading.errors import FileRefusedError

_BLOCK = 1 << 20
Bytes = bytes | mmap.mmap


def sha256_of(path: Path) -> str:
    """The hash of a file's bytes as delivered."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def unpack(path: Path, target: Path, limits: Limits) -> None:
    """Write the unpacked gzip file `path` to `target`; raises FileRefusedError."""
    packed = path.stat().st_size
    written = 0
    try:
        with gzip.open(path, "rb") as source, target.open("wb") as sink:
            while block := source.read(_BLOCK):
                written += len(block)
                check_expansion(packed, written, limits)
                sink.write(block)
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise FileRefusedError(
            "unreadable_file",
            "The gzip file is cut off or damaged; deliver it again whole.",
        ) from error


def check_expansion(packed: int, unpacked: int, limits: Limits) -> None:
    """Refuse a file that unpacks to more than the limits allow."""
    if unpacked > limits.decompressed_bytes:
        raise FileRefusedError(
            "limit_exceeded",
            f"Unpacked, the file is larger than {limits.decompressed_bytes:,} bytes; "
            "deliver it in smaller files.",
        )
    if (
        unpacked > limits.decompression_ratio_from_bytes
        and unpacked > packed * limits.decompression_ratio
    ):
        raise FileRefusedError(
            "limit_exceeded",
            f"Unpacked, the file is more than {limits.decompression_ratio} times its size, "
            "as only a decompression bomb is; deliver it unpacked if it is genuine.",
        )


def transcode(path: Path, target: Path, encoding: str) -> None:
    """Write `path`, which is in `encoding`, to `target` as UTF-8; raises FileRefusedError."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as source, target.open("wb") as sink:
        done = 0
        while True:
            block = source.read(_BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeError as error:
                raise FileRefusedError(
                    "not_utf8",
                    f"The file is not in the encoding {encoding}, which brand.yml declares for "
                    f"this table (something after byte {done:,} does not fit). Correct the file, "
                    "or 'csv: encoding' in brand.yml.",
                ) from error
            done += len(block)
            sink.write(text.encode("utf-8", "surrogatepass"))
            if not block:
                return


@dataclass(frozen=True)
class TextFacts:
    """What one look over all bytes of a UTF-8 text tells."""

    newlines: int
    quotes: int
    has_nul: bool
    has_bom: bool
    has_carriage_returns: bool
    has_mixed_line_ends: bool
    ends_in_line_end: bool


def look_over(data: Bytes) -> TextFacts:
    """Check that the text is UTF-8 and note what decides how it can be read.

    Raises FileRefusedError with the code not_utf8 that names the line.
    """
    newlines = carriage_returns = pairs = quotes = 0
    has_nul = False
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = len(data)
    last = b""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise _not_utf8(1, "it looks like UTF-16")
    for start in range(0, size, _BLOCK):
        block = data[start : start + _BLOCK]
        if not block.isascii() or decoder.getstate()[0]:
            try:
                decoder.decode(block, final=start + _BLOCK >= size)
            except UnicodeDecodeError as error:
                bad = max(error.start - len(decoder.getstate()[0]), 0)
                raise _not_utf8(newlines + block[:bad].count(b"\n") + 1) from error
        newlines += block.count(b"\n")
        returns = block.count(b"\r")
        if returns:
            carriage_returns += returns
            pairs += block.count(b"\r\n")
        if last == b"\r" and block[:1] == b"\n":
            pairs += 1
        quotes += block.count(b'"')
        has_nul = has_nul or b"\0" in block
        last = block[-1:]
    if decoder.getstate()[0]:
        raise _not_utf8(newlines + 1, "it ends within a character")
    return TextFacts(
        newlines=newlines,
        quotes=quotes,
        has_nul=has_nul,
        has_bom=data[:3] == codecs.BOM_UTF8,
        has_carriage_returns=carriage_returns > 0,
        has_mixed_line_ends=carriage_returns > 0 and not carriage_returns == pairs == newlines,
        ends_in_line_end=last in {b"\n", b"\r"},
    )


def _not_utf8(line: int, detail: str = "") -> FileRefusedError:
    return FileRefusedError(
        "not_utf8",
        f"The file is not UTF-8 (line {line}{': ' + detail if detail else ''}). Deliver it as "
        "UTF-8, or declare its encoding for this table in brand.yml (csv: {encoding: gbk}).",
    )


@contextmanager
def opened(path: Path) -> Iterator[Bytes]:
    """The bytes of a file: small ones in memory, large ones mapped."""
    with path.open("rb") as file:
        size = path.stat().st_size
        if size <= _BLOCK:
            yield file.read()
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data

"""Files that other programs wrote → text, whatever they were saved as."""

from __future__ import annotations

import codecs
from pathlib import Path

from service.contract.refusal import Unusable

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def text_of(path: Path) -> str:
    """The text of a file, each line ended by one line feed. Bytes that are no UTF-8 become U+FFFD.

    Errors: Unusable if it cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror or error}.") from error
    # PowerShell's `>` writes UTF-16.
    encoding = "utf-16" if content.startswith(_UTF_16) else "utf-8-sig"
    return content.decode(encoding, errors="replace").replace("\r\n", "\n").replace("\r", "\n")

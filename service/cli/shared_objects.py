"""Compiled modules (ELF shared objects): what machine they are for, and the part of them that is ever loaded.

What a loader reads is named by the program headers; symbols for debuggers and linkers come after it in the file, and
are most of some wheels. Any `strip` cuts them off, but none is at hand for the processors of others on every machine.
Source: System V ABI, "Object Files" and "Program Loading".
"""

from __future__ import annotations

import struct

MACHINES = {62: "x86_64", 183: "aarch64"}
"""`e_machine` of those that Lambda has."""
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SEGMENT = struct.Struct("<IIQQQQQQ")
ELF64_LITTLE = b"\x7fELF\x02\x01"


def machine_of(content: bytes) -> str:
    """The processor that a file is for; `unknown` if it is no ELF file of 64 bits, or for one that Lambda has not."""
    if content[:6] != ELF64_LITTLE:
        return "unknown"
    return MACHINES.get(HEADER.unpack_from(content)[2], "unknown")


def cut_to_what_is_loaded(content: bytes) -> bytes:
    """The file up to the end of its last segment, without the table of sections that would lie behind."""
    header = list(HEADER.unpack_from(content))
    first, size, count = header[5], header[9], header[10]
    segments = [SEGMENT.unpack_from(content, first + number * size) for number in range(count)]
    end = max(offset + in_file for _, _, offset, _, _, in_file, _, _ in segments)
    header[6] = header[12] = header[13] = 0  # where the sections are described, how many, which names them
    return (HEADER.pack(*header) + content[HEADER.size :])[:end]

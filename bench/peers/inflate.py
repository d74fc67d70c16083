#!/usr/bin/env python3
"""Unpacks a gzip file in one thread with ISA-L, which is the fastest inflate there is, and keeps nothing. Prints JSON.

    python inflate.py corpus.jsonl.gz

What a reader of gzip cannot exceed, whatever it does with the bytes. Times are of unpacking, reading the file with it.
"""

from __future__ import annotations

import json
import sys
import time

from isal import isal_zlib

CHUNK_BYTES = 1 << 20
# The header and the check sum of gzip, as in zlib.
GZIP_WINDOW = 31


def main() -> None:
    start, cpu = time.perf_counter(), time.process_time()
    size = 0
    unpacker = isal_zlib.decompressobj(GZIP_WINDOW)
    with open(sys.argv[1], "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            size += len(unpacker.decompress(chunk))
    if not unpacker.eof or unpacker.unused_data:
        sys.exit(f"{sys.argv[1]}: not one whole gzip stream")
    print(json.dumps({"count": size, "cpu": time.process_time() - cpu, "wall": time.perf_counter() - start}))


if __name__ == "__main__":
    main()

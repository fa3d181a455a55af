"""Against a real S3 gateway: uploads stream, in constant memory, and leave nothing behind."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from workload_process import Launch, Process, wait_for

MIB = 1024 * 1024
BLOCK = bytes(range(256)) * 4096


def _body(mib: int, digest: hashlib._Hash | None = None) -> Iterator[bytes]:
    for number in range(mib):
        block = number.to_bytes(8, "big") + BLOCK[8:]
        if digest is not None:
            digest.update(block)
        yield block


def _put(process: Process, name: str, mib: int) -> httpx.Response:
    address = f"{process.address}/api/uploads/{name}"
    headers = {"content-length": str(mib * MIB)}
    return httpx.put(address, content=_body(mib), headers=headers, timeout=120)


def _unfinished(folder: Path) -> list[Path]:
    """The gateway keeps parts of unfinished uploads under this folder of the bucket."""
    return [path for path in folder.glob(".sgwtmp/multipart/*/*") if path.is_dir()]


@pytest.fixture
def api(launch: Launch, bucket: Path) -> Process:
    return launch("api", upload_limit_bytes=str(500 * MIB)).ready()


@pytest.mark.parametrize("mib", [1, 100, 500])
def test_streams_in_constant_memory(api: Process, mib: int) -> None:
    before = api.peak_mib()
    answer = _put(api, f"file-{mib}", mib)
    assert answer.status_code == 201, answer.text
    digest = hashlib.sha256()
    for _block in _body(mib, digest):
        pass
    expected = {"key": f"uploads/file-{mib}", "size": mib * MIB, "sha256": digest.hexdigest()}
    assert answer.json() == expected
    back = hashlib.sha256()
    with httpx.stream("GET", f"{api.address}/api/uploads/file-{mib}", timeout=120) as stream:
        for block in stream.iter_bytes():
            back.update(block)
    assert back.hexdigest() == expected["sha256"]
    growth = api.peak_mib() - before
    print(f"{mib} MiB up and down: peak memory grew by {growth:.1f} MiB from {before:.1f}")
    assert growth < 64


def test_empty_and_absent(api: Process) -> None:
    answer = httpx.put(f"{api.address}/api/uploads/empty", content=b"")
    assert answer.json()["size"] == 0
    assert api.get("/api/uploads/empty").content == b""
    assert api.get("/api/uploads/never").status_code == 404
    assert httpx.put(f"{api.address}/api/uploads/.hidden", content=b"x").status_code == 422
    assert httpx.put(f"{api.address}/api/uploads/a%2Fb", content=b"x").status_code == 404


def test_beyond_the_limit(launch: Launch, bucket: Path, gateway: tuple[str, Path]) -> None:
    process = launch("api", upload_limit_bytes=str(20 * MIB)).ready()
    answer = httpx.put(f"{process.address}/api/uploads/big", content=b"x" * (20 * MIB + 1))
    assert answer.status_code == 413
    try:
        chunked = httpx.put(f"{process.address}/api/uploads/big", content=_body(40))
        assert chunked.status_code == 413
    except httpx.TransportError:
        pass  # the server closed while the body was still being sent: refused all the same
    wait_for(lambda: not _unfinished(gateway[1]), 10)
    assert process.get("/api/uploads/big").status_code == 404


def test_a_client_who_leaves(api: Process, gateway: tuple[str, Path]) -> None:
    with socket.create_connection(("127.0.0.1", api.port)) as client:
        head = f"PUT /api/uploads/half HTTP/1.1\r\nhost: x\r\ncontent-length: {100 * MIB}\r\n\r\n"
        client.sendall(head.encode())
        for block in _body(20):
            client.sendall(block)
        wait_for(lambda: len(_unfinished(gateway[1])) == 1, 10)
    wait_for(lambda: not _unfinished(gateway[1]), 10)
    assert api.get("/api/uploads/half").status_code == 404
    assert 'status="499"' in api.get("/metrics").text

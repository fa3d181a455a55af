"""The reference workload: its logic alone, and its process against servers that tests start.

Redis, PostgreSQL and the S3 gateway are started on
free loopback ports.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolchain import tools

HERE = Path(__file__).parent
# The package is no part of the project's own environment: it is what goes into the image.
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "workload")]

from workload_process import (  # noqa: E402
    PASSWORD,
    Launch,
    Process,
    free_port,
    wait_for,
    write_secret,
)


def _program(name: str, *places: str) -> str:
    found = shutil.which(name) or next((p for p in places if os.access(p, os.X_OK)), None)
    if found is None:
        pytest.fail(f"{name} is not on this machine: `make test-packages` installs it")
    return found


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A Redis with a password, on loopback."""
    program = _program("redis-server")
    port = free_port()
    folder = tmp_path_factory.mktemp("redis")
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    server = subprocess.Popen(
        [*command, "--requirepass", PASSWORD, "--dir", str(folder)], stdout=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: _listening(port), 20)
        yield port
    finally:
        server.terminate()
        server.wait(10)


def _as_postgres(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: the words that step down, if they are needed."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres")
    for parent in (folder.parent, folder.parent.parent):
        parent.chmod(parent.stat().st_mode | 0o011)
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


@pytest.fixture(scope="session")
def postgres_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A PostgreSQL that wants passwords, on loopback."""
    program = _program("postgres", "/usr/lib/postgresql/15/bin/postgres")
    initdb = str(Path(program).resolve().with_name("initdb"))
    folder = tmp_path_factory.mktemp("postgres")
    step_down = _as_postgres(folder)
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    data = folder / "data"
    make = [initdb, "-D", str(data), "-U", "app", "-A", "scram-sha-256", "--no-sync"]
    making = [*step_down, *make, f"--pwfile={secret}"]
    subprocess.run(making, check=True, stdout=subprocess.DEVNULL, cwd=folder)
    port = free_port()
    options = ["-h", "127.0.0.1", "-p", str(port), "-k", "", "-c", "fsync=off"]
    server = subprocess.Popen(
        [*step_down, program, "-D", str(data), *options], stderr=subprocess.DEVNULL, cwd=folder
    )
    try:
        wait_for(lambda: _listening(port), 30)
        yield port
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A versitygw over a folder with one bucket: its address, and the bucket's folder."""
    program = str(tools.ensure(["versitygw"], print)["versitygw"])
    root = tmp_path_factory.mktemp("gateway")
    (root / "uploads-bucket").mkdir()
    port = free_port()
    command = [program, "--port", f"127.0.0.1:{port}", "--access", "canary-key"]
    server = subprocess.Popen(
        [*command, "--secret", PASSWORD, "posix", str(root)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: _listening(port), 30)
        yield f"http://127.0.0.1:{port}", root / "uploads-bucket"
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """An empty folder to mount secrets in."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


@pytest.fixture
def database(secrets: Path, postgres_port: int) -> Path:
    """The database's secret, with CloudNativePG's keys."""
    return write_secret(
        secrets / "database",
        host="127.0.0.1",
        port=str(postgres_port),
        username="app",
        password=PASSWORD,
        dbname="postgres",
    )


@pytest.fixture
def cache(secrets: Path, redis_port: int) -> Path:
    """The cache's secret."""
    folder = secrets / "cache"
    return write_secret(folder, host="127.0.0.1", port=str(redis_port), password=PASSWORD)


@pytest.fixture
def bucket(secrets: Path, gateway: tuple[str, Path]) -> Path:
    """The bucket's secret."""
    folder = secrets / "bucket"
    write_secret(folder, endpoint=gateway[0], bucket="uploads-bucket", region="us-east-1")
    return write_secret(folder, access_key_id="canary-key", secret_access_key=PASSWORD)


@pytest.fixture
def launch(secrets: Path, tmp_path: Path) -> Iterator[Launch]:
    """Starts `python -m reference`; what is still running at the end is ended."""
    running: list[Process] = []

    def start(role: str, **environment: str) -> Process:
        process = Process(role, secrets, tmp_path / f"log-{len(running)}", environment)
        running.append(process)
        return process

    yield start
    for process in running:
        process.end()
        # Whatever a test did, no password may have reached the log.
        assert PASSWORD not in process.log(), f"a secret is in the log of {process.role}"

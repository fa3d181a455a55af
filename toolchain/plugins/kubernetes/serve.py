"""Starting: listen on a free loopback port, tell it, and serve until told to stop."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import grpc

from .host import Host
from .server import Provider
from .stubs import provider_pb2_grpc

#: Each waiting resource holds a thread; threads are only made when needed. The engine's own
#: parallelism is far below this, so a Cancel always finds a free one.
_THREADS = 512
#: Secrets with certificates and large CRDs exceed gRPC's 4 MiB (the engine allows 400).
_LARGEST_MESSAGE = 400 * 1024 * 1024
_GOODBYE_SECONDS = 2.0
_LOOK_SECONDS = 30.0


def serve(arguments: list[str]) -> None:
    """Print the port as the first line of stdout, which is how the engine finds us."""
    address = next((a for a in arguments if not a.startswith("-")), "")
    endings = _block_endings()
    server = grpc.server(
        ThreadPoolExecutor(_THREADS, thread_name_prefix="rpc"),
        options=[
            ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
            ("grpc.max_send_message_length", _LARGEST_MESSAGE),
        ],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(Host(address)), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    engine = os.getppid()
    while signal.sigtimedwait(endings, _LOOK_SECONDS) is None:
        if os.getppid() != engine:
            break  # the engine was killed and couldn't tell us to stop
    server.stop(_GOODBYE_SECONDS).wait(2 * _GOODBYE_SECONDS)
    # The interpreter would wait for every thread, and one may be held up by a server that is gone.
    # Nothing is lost: what an operation has to say goes into its answer.
    os._exit(0)


def _block_endings() -> set[signal.Signals]:
    """The signals that end us, left for the main thread to fetch.

    Blocked before any thread is made, or gRPC's own threads might swallow one. SIGINT is how the
    engine ends its plugins, each in a process group of its own: an interrupt at the terminal
    reaches the engine alone, which passes it on as Cancel.
    """
    endings = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, endings)
    return endings

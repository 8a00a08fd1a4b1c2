"""A TCP proxy before a server's socket, that refuses, passes on, or resets connections as a test wants."""

import select
import socket
import struct
import threading
from contextlib import suppress

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Proxy:
    """Listens on a free port of 127.0.0.1, once started."""

    def __init__(self, target: str) -> None:
        self._target = target
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Pass connections on from now."""
        self._end, self._ended = socket.socketpair()
        listener = socket.create_server(("127.0.0.1", self.port))
        self._threads = [self._begin(self._listen, listener)]

    def cut(self) -> None:
        """Reset every connection, and refuse new ones."""
        if self._threads:
            self._end.send(b"x")
            for thread in self._threads:
                thread.join()
            self._threads = []
            self._end.close()
            self._ended.close()

    def _begin(self, work: object, *sockets: socket.socket) -> threading.Thread:
        thread = threading.Thread(target=work, args=sockets)  # type: ignore[arg-type]
        thread.start()
        return thread

    def _listen(self, listener: socket.socket) -> None:
        with listener:
            while self._ended not in (ready := select.select([listener, self._ended], [], [])[0]):
                assert ready
                client, _ = listener.accept()
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                self._threads.append(self._begin(self._pass_on, client, server))

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        other = {client: server, server: client}
        with client, server, suppress(OSError):
            while self._ended not in (ready := select.select([client, server, self._ended], [], [])[0]):
                for from_ in ready:
                    if not (data := from_.recv(65536)):
                        return
                    # Not sendall: a reader that waits must not keep us from being cut.
                    while data and not select.select([self._ended], [], [], 0)[0]:
                        _, writable, _ = select.select([self._ended], [other[from_]], [])
                        if writable:
                            data = data[other[from_].send(data[:4096]) :]

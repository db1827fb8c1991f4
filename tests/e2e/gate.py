"""A gate between two programs: a TCP proxy that lets bytes through, or does them harm."""

import contextlib
import socket
import struct
import threading

CHUNK = 65_536


class Gate:
    """Listens on a free port of loopback and forwards to `target` (HOST:PORT) while it is open.

    Conditions, which a test sets at any time and which hold for what comes then:
      refusing   new connections are reset at once
      stalled    an Event-like switch: bytes are held back until release()
      delay      seconds that every piece waits
      cut_after  so many more bytes towards the client (None: any), then both sides are cut
      corrupt    bytes towards the client that are still to be falsified
    """

    def __init__(self, target):
        host, port = target.rsplit(":", 1)
        self.target = (host.rsplit("/", 1)[-1], int(port))
        self.refusing = False
        self.delay = 0.0
        self.cut_after = None
        self.corrupt = 0
        self.connections = 0
        self._open = threading.Event()
        self._open.set()
        self._lock = threading.Lock()
        self._pairs = set()
        self._closed = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def stall(self):
        self._open.clear()

    def release(self):
        self._open.set()

    def cut(self):
        """Ends every connection now, by a reset."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            self._end(pair)

    def close(self):
        self._closed = True
        self.release()
        self._listener.close()
        self.cut()

    def _accept(self):
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.refusing:
                self._reset(client)
                continue
            try:
                server = socket.create_connection(self.target, timeout=10)
            except OSError:
                self._reset(client)
                continue
            server.settimeout(None)
            pair = (client, server)
            with self._lock:
                self._pairs.add(pair)
            for source, sink, back in ((client, server, False), (server, client, True)):
                arguments = (pair, source, sink, back)
                threading.Thread(target=self._forward, args=arguments, daemon=True).start()

    def _forward(self, pair, source, sink, back):
        try:
            while data := source.recv(CHUNK):
                self._open.wait()
                if self.delay:
                    threading.Event().wait(self.delay)
                if back:
                    data, last = self._harm(data)
                    sink.sendall(data)
                    if last:
                        break
                else:
                    sink.sendall(data)
        except OSError:
            pass
        self._end(pair)

    def _harm(self, data):
        """What goes on of a piece towards the client, and whether it is the last."""
        with self._lock:
            if self.corrupt > 0:
                count = min(self.corrupt, len(data))
                self.corrupt -= count
                # The end of a piece: of an answer that is its body.
                falsified = bytes(byte ^ 0x15 for byte in data[len(data) - count :])
                data = data[: len(data) - count] + falsified
            if self.cut_after is None:
                return data, False
            if self.cut_after > len(data):
                self.cut_after -= len(data)
                return data, False
            data, self.cut_after = data[: self.cut_after], None
            return data, True

    def _end(self, pair):
        with self._lock:
            self._pairs.discard(pair)
        for side in pair:
            self._reset(side)

    @staticmethod
    def _reset(side):
        with contextlib.suppress(OSError):
            side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            side.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            side.close()

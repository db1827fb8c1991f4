"""One gRPC stream, with a thread that reads it."""

from __future__ import annotations

import queue
import threading
from typing import Any, Optional, Union

import grpc

from peaksync import limits
from peaksync.channel import Channel, End, end_of

_PUT_WAIT = 0.05  # How soon the reading thread notices that nobody wants its messages any more.


class StreamLink:
    """A stream from its opening to its end. For one using thread; must be closed."""

    def __init__(self, channel: Channel, timeout: Optional[float]) -> None:
        # Holds what the window of the caller allows, and no more.
        self._outgoing: "queue.SimpleQueue[Any]" = queue.SimpleQueue()
        self._inbox: "queue.Queue[Any]" = queue.Queue(limits.INBOX_MESSAGES_MAX)
        self._closed = threading.Event()
        self._end: Optional[End] = None
        self._call = channel.stub.StreamUpdates(
            iter(self._outgoing.get, None), metadata=channel.metadata, timeout=timeout
        )
        self._thread = threading.Thread(target=self._read, name="peaksync-read", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        end = End("OK", "")
        try:
            for response in self._call:
                if not self._deliver(response):
                    return
        except grpc.RpcError as error:
            end = end_of(error)
        self._deliver(end)

    def _deliver(self, item: Any) -> bool:
        while not self._closed.is_set():
            try:
                self._inbox.put(item, timeout=_PUT_WAIT)
                return True
            except queue.Full:
                continue
        return False

    def write(self, request: Any) -> None:
        """Hands a message over. Whether it arrived is known by the answers alone."""
        self._outgoing.put(request)

    def writes_done(self) -> None:
        self._outgoing.put(None)

    def next(self, wait: float) -> Union[Any, End, None]:
        """The next answer, or the end; None when neither came within `wait` seconds."""
        if self._end is not None:
            return self._end
        try:
            item = self._inbox.get(timeout=wait) if wait > 0 else self._inbox.get_nowait()
        except queue.Empty:
            return None
        if isinstance(item, End):
            self._end = item
        return item

    def close(self) -> None:
        self._closed.set()
        self._outgoing.put(None)
        self._call.cancel()
        self._thread.join(limits.GOODBYE_WAIT)

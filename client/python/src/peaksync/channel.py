"""The way to the service: the connection, the credential, and the calls with one answer."""

from __future__ import annotations

from typing import Any, Iterator, NamedTuple, Optional, Tuple

import grpc

from peaksync import limits
from peaksync._proto import sync_service_pb2, sync_service_pb2_grpc
from peaksync.errors import PeakSyncError, error_of, usage
from peaksync.options import Service, choose_endpoint


class End(NamedTuple):
    """How a call ended: gRPC's name of the code, and its text."""

    code: str
    details: str

    @property
    def ok(self) -> bool:
        return self.code == "OK"


def end_of(error: grpc.RpcError) -> End:
    code = error.code()
    return End("UNKNOWN" if code is None else code.name, error.details() or "")


def _read_pem(path: Optional[str], argument: str) -> Optional[bytes]:
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            pem = file.read()
    except OSError as error:
        usage(argument, f"can't read {path} ({error.strerror})")
    if b"-----BEGIN " not in pem:
        usage(argument, f"{path} holds no PEM")
    return pem


class Channel:
    """A connection, made when it is used. To be closed; safe to use from several threads."""

    def __init__(self, service: Optional[Service] = None) -> None:
        self.service = (service or Service()).resolved()
        endpoint = choose_endpoint(self.service)
        self.address, self.tls = endpoint.address, endpoint.tls
        options = [
            ("grpc.keepalive_time_ms", limits.KEEPALIVE_TIME_MS),
            ("grpc.keepalive_timeout_ms", limits.KEEPALIVE_TIMEOUT_MS),
            ("grpc.http2.max_pings_without_data", 0),
            ("grpc.initial_reconnect_backoff_ms", limits.RECONNECT_MIN_MS),
            ("grpc.min_reconnect_backoff_ms", limits.RECONNECT_MIN_MS),
            ("grpc.max_reconnect_backoff_ms", limits.RECONNECT_MAX_MS),
            ("grpc.max_receive_message_length", limits.MESSAGE_RECEIVE_BYTES_MAX),
            ("grpc.primary_user_agent", "peaksync-python"),
        ]
        if endpoint.loopback:  # A proxy of the environment never leads to this machine.
            options.append(("grpc.enable_http_proxy", 0))
        if endpoint.tls:
            credentials = grpc.ssl_channel_credentials(
                _read_pem(self.service.cacert, "cacert"),
                _read_pem(self.service.key, "key"),
                _read_pem(self.service.cert, "cert"),
            )
            self._channel = grpc.secure_channel(self.address, credentials, options)
        else:
            self._channel = grpc.insecure_channel(self.address, options)
        self.stub = sync_service_pb2_grpc.SyncServiceStub(self._channel)
        token = self.service.token
        # Not as call credentials: gRPC refuses those without TLS, also on loopback.
        self.metadata: Tuple[Tuple[str, str], ...] = (
            (("authorization", "Bearer " + token),) if token else ()
        )

    def __enter__(self) -> "Channel":
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def explain(self, end: End) -> PeakSyncError:
        """The end of a call as an error that says what to do."""
        if end.code != "UNAVAILABLE":
            return error_of(end.code, end.details)
        way = "TLS" if self.tls else "plaintext"
        hint = ". Check server, that peaksyncd runs, and whether it wants TLS"
        return error_of(
            end.code,
            f"can't reach the service at {self.address} ({way}): {end.details}"
            + (hint if "connect" in end.details else ""),
        )

    def call(self, method: str, request: Any, timeout: float = limits.UNARY_DEADLINE) -> Any:
        """One call with one answer; raises what `explain` makes of an error."""
        try:
            return getattr(self.stub, method)(request, metadata=self.metadata, timeout=timeout)
        except grpc.RpcError as error:
            raise self.explain(end_of(error)) from error

    def pages(self, method: str, request: Any) -> Iterator[Any]:
        """All answers of a paged call; pages that are too large are asked for smaller."""
        while True:
            try:
                page = self.call(method, request)
            except PeakSyncError as error:
                if error.code != "RESOURCE_EXHAUSTED" or request.page_size <= 1:
                    raise
                request.page_size = max(1, request.page_size // 8)
                continue
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def get_run(self, run_id: str) -> Any:
        return self.call("GetSyncRun", sync_service_pb2.GetSyncRunRequest(run_id=run_id)).run

"""Where the service is and how to reach it: arguments first, then the environment."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Mapping, NamedTuple, Optional

from peaksync import limits
from peaksync.errors import UsageError, usage

DEFAULT_SERVER = "127.0.0.1:7443"
_DEFAULT_PORT = 7443
_YES, _NO = ("1", "true", "yes", "on", "y", "t"), ("", "0", "false", "no", "off", "n", "f")


@dataclass(frozen=True)
class Service:
    """How to reach a PeakSync service. What is None comes from its variable.

    server      PEAKSYNC_SERVER      HOST:PORT, default 127.0.0.1:7443
    token       PEAKSYNC_TOKEN       the tenant's token
    token_file  PEAKSYNC_TOKEN_FILE  a file with the token; wins over PEAKSYNC_TOKEN
    tenant      PEAKSYNC_TENANT      the tenant that is meant: a token of another one is refused
    cacert      PEAKSYNC_CACERT      PEM file of the authorities to trust; means TLS
    cert, key   PEAKSYNC_CERT, _KEY  PEM files of a client certificate (mTLS)
    insecure    PEAKSYNC_INSECURE    plaintext also off this machine
    """

    server: Optional[str] = None
    token: Optional[str] = None
    token_file: Optional[str] = None
    tenant: Optional[str] = None
    cacert: Optional[str] = None
    cert: Optional[str] = None
    key: Optional[str] = None
    insecure: Optional[bool] = None

    def __repr__(self) -> str:  # Never with the token.
        return f"Service(server={self.server!r}, tenant={self.tenant!r})"

    def resolved(self, environment: Optional[Mapping[str, str]] = None) -> "Service":
        """The same with what the environment adds; `token` is read from its file."""
        environment = os.environ if environment is None else environment

        def pick(value: Optional[str], name: str) -> Optional[str]:
            return value if value is not None else environment.get(name) or None

        return Service(
            server=pick(self.server, "PEAKSYNC_SERVER") or DEFAULT_SERVER,
            token=self._token(environment),
            tenant=pick(self.tenant, "PEAKSYNC_TENANT"),
            cacert=pick(self.cacert, "PEAKSYNC_CACERT"),
            cert=pick(self.cert, "PEAKSYNC_CERT"),
            key=pick(self.key, "PEAKSYNC_KEY"),
            insecure=_flag(environment) if self.insecure is None else self.insecure,
        )

    def _token(self, environment: Mapping[str, str]) -> Optional[str]:
        if self.token is not None:
            return check_token(self.token, "token")
        file = self.token_file or environment.get("PEAKSYNC_TOKEN_FILE")
        if file:
            return read_token_file(file)
        token = environment.get("PEAKSYNC_TOKEN")
        return check_token(token, "PEAKSYNC_TOKEN") if token else None


def _flag(environment: Mapping[str, str]) -> bool:
    text = environment.get("PEAKSYNC_INSECURE", "").lower()
    if text not in _YES + _NO:
        usage("PEAKSYNC_INSECURE", "write true or false")
    return text in _YES


def check_token(token: str, where: str) -> str:
    """The token, if it can be sent. Errors never hold it."""
    if len(token) > limits.TOKEN_BYTES_MAX:
        usage(where, "the token is longer than any token is")
    if not all(0x20 < ord(character) < 0x7F for character in token):
        usage(
            where,
            "the token holds a space or a character that no token has; is it the right file?",
        )
    return token


def read_token_file(path: str) -> str:
    """The first word of the first line that is neither empty nor a comment."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                words = line.split()
                if words and not words[0].startswith("#"):
                    return check_token(words[0], f"token_file {path}")
    except OSError as error:
        usage("token_file", f"can't read {path} ({error.strerror}); check that it is yours")
    usage("token_file", f"{path} holds no token")


class Endpoint(NamedTuple):
    """What the options come to."""

    address: str  # HOST:PORT.
    tls: bool
    loopback: bool


def choose_endpoint(service: Service) -> Endpoint:
    """Decides between TLS and plaintext; raises UsageError where options don't go together.

    Plaintext is for loopback addresses without cacert and cert, or with insecure. Pure.
    """
    address = service.server or DEFAULT_SERVER
    scheme, separator, rest = address.partition("://")
    wants_plain, wants_tls = scheme == "http", scheme == "https"
    if separator and (wants_plain or wants_tls):
        address = rest
    host, port = _split(address[:-1] if address.endswith("/") else address)
    if (service.cert is None) != (service.key is None):
        usage("cert", "cert and key go together; give both or neither")
    has_tls_files = service.cacert is not None or service.cert is not None
    if (service.insecure or wants_plain) and (has_tls_files or wants_tls):
        raise UsageError(
            "insecure and http:// mean plaintext; cacert, cert and https:// mean TLS. Choose one"
        )
    loopback = _is_loopback(host)
    tls = has_tls_files or wants_tls or not (loopback or service.insecure or wants_plain)
    if not tls and not loopback and not service.insecure:
        data = "the token" if service.token else "the token or customers' data"
        usage(
            "server",
            f"{service.server} would send {data} over the network in plaintext; use TLS (leave "
            "http:// away), or insecure if you must",
        )
    return Endpoint(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", tls, loopback)


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost" or host == "::1":
        return True
    parts = host.split(".")
    whole = len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)
    return whole and parts[0] == "127"


def _split(address: str) -> "tuple[str, int]":
    found = re.fullmatch(r"(?:\[([^\]]+)\]|([^:\[\]]+))(?::(\d{1,5}))?", address, re.ASCII)
    host = (found.group(1) or found.group(2)) if found else ""
    port = int(found.group(3) or _DEFAULT_PORT) if found else 0
    if not host or re.search(r"[/ @?#]", host) or not 1 <= port <= 65_535:
        usage(
            "server",
            f"{address!r} is no address; write HOST:PORT, such as sync.example.com:7443",
        )
    return host, port

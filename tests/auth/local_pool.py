"""A user pool on this machine: its keys, published over HTTP where Cognito publishes them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from cryptography.hazmat.primitives.asymmetric import rsa

from service.auth.issuer import DevelopmentIssuer

CLIENT_ID = "4f-local"


@dataclass(frozen=True)
class LocalIssuer(DevelopmentIssuer):
    """Issues tokens in the name of an address that answers."""

    address: str = ""

    @property
    def url(self) -> str:
        return self.address


@dataclass
class LocalPool:
    """A pool whose key may be exchanged; `fetches` counts how often its keys were asked for."""

    url: str
    issuer: DevelopmentIssuer = field(init=False)
    fetches: int = 0

    def __post_init__(self) -> None:
        self.rotate()

    def rotate(self) -> None:
        """Sign with a new key from now on, and publish no other."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.issuer = LocalIssuer(key, CLIENT_ID, self.url)

    def token(self, sub: str, *groups: str) -> str:
        return self.issuer.issue(sub, sub, groups)


@contextmanager
def local_pools(*names: str) -> Iterator[list[LocalPool]]:
    """Pools on one address of 127.0.0.1, for as long as the block runs."""
    pools: dict[str, LocalPool] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pool = pools.get(self.path.removesuffix("/.well-known/jwks.json"))
            body = b"" if pool is None else pool.issuer.jwks.encode()
            if pool is not None:
                pool.fetches += 1
            self.send_response(404 if pool is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        for name in names:
            pools[f"/{name}"] = LocalPool(f"http://127.0.0.1:{server.server_port}/{name}")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield list(pools.values())
        finally:
            server.shutdown()
            thread.join()

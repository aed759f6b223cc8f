"""Lambda on this machine: the API that the real runtime client asks for work, and a process that runs it."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE = 60
"""Seconds until an invocation that nobody answers fails the test."""


class InvocationFailed(Exception):
    """The function raised, or its process ended."""


class LocalLambda:
    """One instance of a function. `invoke` is what API Gateway, or `aws lambda invoke`, would do."""

    def __init__(self, process: subprocess.Popen[bytes], api: RuntimeApi, log: Path) -> None:
        self.process = process
        self.ready = api.ready
        """Set when the function has started, and asks for its first event."""
        self._api = api
        self._log = log

    def invoke(self, event: object, *, seconds: float = 30) -> Any:
        """What the function gives back, `seconds` being its time. Raises InvocationFailed."""
        return self.begin(event, seconds=seconds)()

    def begin(self, event: object, *, seconds: float = 30) -> Any:
        """Invoke it without waiting; what is returned waits."""
        answers = self._api.send(event, seconds)

        def answer() -> Any:
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end:
                try:
                    kind, body = answers.get(timeout=0.2)
                except queue.Empty:
                    if self.process.poll() is not None:
                        break
                else:
                    if kind == "error":
                        raise InvocationFailed(body)
                    return body
            raise InvocationFailed(f"no answer, {self.process.poll()}; the log says:\n{self.log()}")

        return answer

    def log(self) -> str:
        """All that it has said so far."""
        return self._log.read_text()

    def lines(self) -> list[dict[str, Any]]:
        """The lines of its log that are JSON."""
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]


class RuntimeApi(ThreadingHTTPServer):
    """The Runtime API (2018-06-01): the next event, and where to put what came of it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ready = threading.Event()
        self.pending: queue.Queue[tuple[str, bytes, int]] = queue.Queue()
        self.waiting: dict[str, queue.Queue[tuple[str, Any]]] = {}

    def handle_error(self, *_: object) -> None:
        """The function's process has ended while it waited here."""

    def send(self, event: object, seconds: float) -> queue.Queue[tuple[str, Any]]:
        """Hand out an event; its answer comes in the queue."""
        request_id = str(uuid.uuid4())
        answers = self.waiting[request_id] = queue.Queue()
        self.pending.put((request_id, json.dumps(event).encode(), int((time.time() + seconds) * 1000)))
        return answers


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: RuntimeApi

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.ready.set()
        request_id, event, deadline = self.server.pending.get()
        headers = {
            "Content-Type": "application/json",  # without it the runtime client ends on a null pointer
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:123456789012:function:offramp",
            "Lambda-Runtime-Trace-Id": "Root=1-6924f2b1-5d3c0b8e4a7f19d2c6e8a0b4;Parent=4c721bf33e3caf8f;Sampled=1",
        }
        self._reply(200, event, headers)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        *_, request_id, kind = self.path.split("/")
        if request_id in self.server.waiting:
            self.server.waiting.pop(request_id).put((kind, json.loads(body)))
        self._reply(202)

    def _reply(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def running_function(
    handler: str,
    environ: Mapping[str, str],
    folder: Path,
    *,
    python: str = sys.executable,
    root: Path = ROOT,
    path: tuple[Path, ...] = (),
) -> Iterator[LocalLambda]:
    """An instance of a function for as long as the block runs: the package at `root`, under the real `awslambdaric`."""
    api = RuntimeApi()
    threading.Thread(target=api.serve_forever, daemon=True).start()
    log = folder / f"{uuid.uuid4()}.log"
    given = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": os.pathsep.join(map(str, (root, *path))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "offramp",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "LAMBDA_TASK_ROOT": str(root),
        "_HANDLER": handler,
        **environ,
    }
    with log.open("wb") as output:
        command = [python, "-m", "awslambdaric", handler]
        process = subprocess.Popen(command, cwd=root, env=given, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield LocalLambda(process, api, log)
    finally:
        process.kill()
        process.wait()
        api.shutdown()
        api.server_close()

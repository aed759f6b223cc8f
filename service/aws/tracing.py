"""What CloudWatch and X-Ray are told of a request, without a library that a start would wait for: ADR 7.

Metrics are members of its line in the log (embedded metric format). Spans are subsegments of the trace that Lambda
keeps, sent as datagrams to the daemon beside the function; a lost one is nobody's loss.
Source: CloudWatch user guide, "Specification: Embedded metric format"; X-Ray developer guide, "Segment documents".
"""

from __future__ import annotations

import json
import logging
import secrets
import socket
import time
from collections.abc import Mapping

from service.telemetry import Record

NAMESPACE = "Offramp"
METRICS = {"duration_ms": "Milliseconds", "statements": "Count", "errors": "Count", "cold_starts": "Count"}
"""By the name of a member of the line."""
MOST_SPANS = 50
HEADER = b'{"format": "json", "version": 1}\n'


class EmbeddedMetrics(logging.Filter):
    """Adds to the line of a request what makes CloudWatch count it."""

    def __init__(self, function: str) -> None:
        super().__init__()
        self._function = function
        self._has_started = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the line through, with its metrics."""
        described = {
            "Namespace": NAMESPACE,
            "Dimensions": [["function"]],
            "Metrics": [{"Name": name, "Unit": unit} for name, unit in METRICS.items()],
        }
        record._aws = {"Timestamp": int(record.created * 1000), "CloudWatchMetrics": [described]}  # noqa: SLF001  its name there
        record.function = self._function
        record.cold_starts = int(not self._has_started)
        self._has_started = True
        return True


def send_spans(record: Record, environ: Mapping[str, str]) -> None:
    """Send the spans of a request, if Lambda traces this one."""
    trace = dict(part.split("=", 1) for part in environ.get("_X_AMZN_TRACE_ID", "").split(";") if "=" in part)
    host, _, port = environ.get("AWS_XRAY_DAEMON_ADDRESS", "").rpartition(":")
    if trace.get("Sampled") != "1" or not {"Root", "Parent"} <= trace.keys() or not host:
        return
    offset = time.time() - time.perf_counter()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.settimeout(0)
        for name, start, end in record.spans[:MOST_SPANS]:
            document = {
                "type": "subsegment",
                "id": secrets.token_hex(8),
                "trace_id": trace["Root"],
                "parent_id": trace["Parent"],
                "name": name,
                "start_time": start + offset,
                "end_time": end + offset,
            }
            try:
                daemon.sendto(HEADER + json.dumps(document).encode(), (host, int(port)))
            except OSError:
                return

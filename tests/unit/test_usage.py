"""`offramp usage`: what logs say of who still calls what."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest

from service.cli import main


def line(at: str, *fields: str, client: str | None = "aws-amplify/5.3.27", **rest: object) -> str:
    request = {"time": f"2026-11-{at}Z", "logger": "service.requests", "message": "request", "door": "graphql"}
    named = {"client": client} if client else {}
    return json.dumps(request | {"fields": fields, "status": 200, "errors": 0} | named | rest)


LOG = [
    line("24T08:00:00", "Query.listProducts"),
    "2026-11-25T09:00:00.000Z 0b5c " + line("25T09:00:00", "Query.listProducts", "Query.getUser", "Query.getUser"),
    line("25T07:00:00", "Query.listProducts", client="aws-amplify/6.22.1"),
    line("25T07:30:00", "Mutation.createProduct", client=None, errors=1),
    line("25T08:30:00", door="rest", operation="GET /v1/products", status=404, client=None),
    line("25T08:31:00", operation="refused before it was understood", status=401),
    '{"message": "field failed", "logger": "service.graphql.errors"}',
    "START RequestId: 0b5c Version: 12",
    '{"logger": "service.requests", "message": "request", "fields": ["Query.cut',
]


def test_a_table_of_operations_and_clients(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "log").write_text("\n".join(LOG))
    assert main(["usage", str(tmp_path / "log")]) == 0
    assert [row.split() for row in capsys.readouterr().out.splitlines()[1:]] == [
        ["GET", "/v1/products", "(none", "named)", "1", "1", "2026-11-25T08:30:00Z"],
        ["Mutation.createProduct", "(none", "named)", "1", "1", "2026-11-25T07:30:00Z"],
        ["Query.getUser", "aws-amplify/5.3.27", "1", "0", "2026-11-25T09:00:00Z"],
        ["Query.listProducts", "aws-amplify/5.3.27", "2", "0", "2026-11-25T09:00:00Z"],
        ["Query.listProducts", "aws-amplify/6.22.1", "1", "0", "2026-11-25T07:00:00Z"],
    ]


def test_logs_come_compressed_and_by_standard_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "log.gz").write_bytes(gzip.compress(LOG[0].encode()))
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{LOG[0]}\n{LOG[1]}\n"))
    assert main(["usage", "--json", str(tmp_path / "log.gz"), "-"]) == 0
    products, _ = sorted(json.loads(capsys.readouterr().out), key=lambda use: -use["calls"])
    assert products == {
        "operation": "Query.listProducts",
        "client": "aws-amplify/5.3.27",
        "calls": 3,
        "errors": 0,
        "last": "2026-11-25T09:00:00Z",
    }


def test_what_cannot_be_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["usage", str(tmp_path / "none")]) == 1
    assert "none cannot be read: No such file or directory." in capsys.readouterr().err
    (tmp_path / "half.gz").write_bytes(gzip.compress(b"x" * 1000)[:20])
    assert main(["usage", str(tmp_path / "half.gz")]) == 1
    assert "it is no whole gzip file" in capsys.readouterr().err
    (tmp_path / "other").write_text("nothing of ours\n")
    assert main(["usage", str(tmp_path / "other")]) == 1
    assert "No line in these logs is of a request." in capsys.readouterr().err

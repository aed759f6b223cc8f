"""Answers that the service itself did not give: it could not start, the event is none, the answer is too large."""

from __future__ import annotations

import logging
from typing import Any

import orjson

from service.app import failed_at
from service.errors import Limited, ServiceError

Answer = dict[str, Any]
"""What a function gives back to an HTTP API (payload 2.0)."""

LARGEST = 6_000_000
"""Bytes of an answer. Lambda's limit is 6 MB for the JSON around it, in which each quote takes two."""
SMALL = LARGEST // 6
"""Characters of a body that fits for certain: JSON spells none in more than six bytes."""


log = logging.getLogger(__name__)


class AnswerTooLarge(Limited):
    """The answer is larger than a Lambda function may give."""

    code = "answer_too_large"
    error_type = "AnswerTooLarge"

    def __init__(self, size: int) -> None:
        super().__init__(
            f"The answer takes {size:,} bytes, and an answer may take {LARGEST:,}. Ask for fewer rows or fields at a "
            "time, or accept gzip. Whatever the request was to change has been changed."
        )


def refusal(error: ServiceError, request_id: str) -> Answer:
    """An error in a form that either door's clients read."""
    error_type = error.error_type or error.code
    body = {
        "code": error.code,
        "message": error.message,
        "errors": [{"errorType": error_type, "message": error.message}],
    }
    headers = {"x-amzn-errortype": error_type, "x-amzn-requestid": request_id}
    if error.status == 503:
        headers["retry-after"] = "1"
    return _json(error.status, orjson.dumps(body), headers)


def fitting(answer: Answer, *, path: str, request_id: str) -> Answer:
    """The answer, or the error that takes its place where Lambda would cut it off."""
    size = _size(answer.get("body") or "")
    if size <= LARGEST:
        return answer
    log.warning("an answer of %s bytes is too large for Lambda", size)
    failed = failed_at({"path": path, "request_id": request_id}, AnswerTooLarge(size))
    kept = {name: text for name, text in answer["headers"].items() if not name.startswith(("content-", "etag"))}
    return _json(failed.status_code, bytes(failed.body), kept | {"content-type": failed.headers["content-type"]})


def _size(body: str) -> int:
    return len(body) if len(body) <= SMALL else len(orjson.dumps(body))


def _json(status: int, body: bytes, headers: dict[str, str]) -> Answer:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store", **headers},
        "body": body.decode(),
        "isBase64Encoded": False,
    }

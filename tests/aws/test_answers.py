"""What stands in for an answer that Lambda would cut off, in the form of its door."""

from __future__ import annotations

import json

import pytest

from service.aws.answers import LARGEST, Answer, fitting


def answer_of(size: int) -> Answer:
    headers = {"content-type": "application/json", "etag": '"1"', "x-amzn-requestid": "r1", "vary": "Origin"}
    return {"statusCode": 200, "headers": headers, "body": "x" * size, "isBase64Encoded": False}


def test_what_fits_is_left_as_it_is():
    answer = answer_of(LARGEST - 2)  # JSON puts it in quotes
    assert fitting(answer, path="/v1/products", request_id="r1") is answer


@pytest.mark.parametrize(
    ("path", "status", "content_type", "told"),
    [
        ("/graphql", 200, "application/json", {"data": None}),
        (
            "/v1/products/50% off",
            413,
            "application/problem+json",
            {"status": 413, "code": "answer_too_large", "instance": "/v1/products/50%25%20off", "traceId": "r1"},
        ),
        ("/docs/assets/page.js", 413, "application/json", {"code": "answer_too_large"}),
    ],
)
def test_what_does_not_is_an_error_of_its_door(path: str, status: int, content_type: str, told: dict[str, object]):
    answer = fitting(answer_of(LARGEST - 1), path=path, request_id="r1")
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (status, False)
    assert answer["headers"] == {
        "content-type": content_type,
        "cache-control": "no-store",
        "x-amzn-requestid": "r1",
        "vary": "Origin",
    }
    assert told.items() <= json.loads(answer["body"]).items()

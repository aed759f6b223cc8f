"""The page and its files as HTTP answers."""

import gzip
import json
from html.parser import HTMLParser

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from service.graphql.graphiql import STATIC, Caller, bundle, graphiql_page, graphiql_routes

HOSTILE = '</script><script>alert(1)</script><!-- "&\u2028'


@pytest.fixture(scope="module")
def http():
    with TestClient(Starlette(routes=graphiql_routes())) as client:
        yield client


class Scripts(HTMLParser):
    """The elements of a page that hold or load a script, with their text."""

    def __init__(self, html):
        super().__init__()
        self.scripts = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_data(self, data):
        if self.scripts and self.cdata_elem == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)


def test_what_the_server_gives_reaches_the_page_and_cannot_leave_its_element():
    page = graphiql_page([Caller(HOSTILE, {"authorization": HOSTILE})], {"bad": HOSTILE}, "/prod/graphql")
    [(attributes, settings), (loader, _)] = Scripts(page.body.decode()).scripts
    assert attributes == {"type": "application/json", "id": "settings"}
    assert json.loads(settings) == {
        "endpoint": "/prod/graphql",
        "callers": [{"label": HOSTILE, "headers": {"authorization": HOSTILE}}],
        "operations": [{"name": "bad", "text": HOSTILE}],
    }
    assert loader == {"src": f"/prod/graphql/assets/{bundle().script}", "defer": None}


def test_the_page_is_not_stored_and_may_load_from_its_own_host_alone():
    headers = graphiql_page([], {}, "/graphql").headers
    assert headers["cache-control"] == "no-store"
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "worker-src": "'self'",
        "connect-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",
        "font-src": "data:",
        "img-src": "'self' data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.5", "*", "GZIP"])
def test_files_are_sent_gzipped_to_those_who_accept_it(http, accepted):
    answer = http.get(f"/graphql/assets/{bundle().script}", headers={"accept-encoding": accepted})
    assert (answer.status_code, answer.headers["content-encoding"], answer.headers["vary"]) == (
        200,
        "gzip",
        "Accept-Encoding",
    )
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert int(answer.headers["content-length"]) == (STATIC / f"{bundle().script}.gz").stat().st_size


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "gzip; q=0.0, br"])
def test_and_plain_to_those_who_do_not(http, accepted):
    answer = http.get(f"/graphql/assets/{bundle().style}", headers={"accept-encoding": accepted})
    assert "content-encoding" not in answer.headers
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.content == gzip.decompress((STATIC / f"{bundle().style}.gz").read_bytes())


@pytest.mark.parametrize("name", ["manifest.json", "..%2f..%2fgraphiql.py", "graphiql.js", f"{bundle().script}.gz"])
def test_nothing_else_is_served(http, name):
    assert http.get(f"/graphql/assets/{name}").status_code == 404

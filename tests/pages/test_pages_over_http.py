"""The pages and their files as HTTP answers."""

import gzip
import json
from html.parser import HTMLParser

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from service.graphql import graphiql
from service.page import Caller, Page
from service.rest import docs

HOSTILE = '</script><script>alert(1)</script><!-- "&\u2028'
CALLER = Caller(HOSTILE, {"authorization": HOSTILE})
SHOWN_CALLER = {"label": HOSTILE, "headers": {"authorization": HOSTILE}}
NOWHERE_ELSE = {
    "default-src": "'none'",
    "script-src": "'self'",
    "connect-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


@pytest.fixture(scope="module")
def http():
    asked = []

    def callers(host):
        asked.append(host)
        return [CALLER]

    routes = [*graphiql.graphiql_routes(), *docs.docs_routes("/v1/openapi.json", callers)]
    with TestClient(Starlette(routes=routes)) as client:
        client.asked = asked
        yield client


@pytest.fixture(params=["/graphql/assets", "/docs/assets"])
def assets(request) -> tuple[str, Page]:
    return request.param, {"/graphql/assets": graphiql.PAGE, "/docs/assets": docs.PAGE}[request.param]


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
    page = graphiql.graphiql_page([CALLER], {"bad": HOSTILE}, "/prod/graphql")
    [(attributes, settings), (loader, _)] = Scripts(page.body.decode()).scripts
    assert attributes == {"type": "application/json", "id": "settings"}
    assert json.loads(settings) == {
        "endpoint": "/prod/graphql",
        "callers": [SHOWN_CALLER],
        "operations": [{"name": "bad", "text": HOSTILE}],
    }
    assert loader == {"src": f"/prod/graphql/assets/{graphiql.PAGE.manifest['script']}", "defer": None}


def test_the_docs_page_is_told_where_the_description_is_and_who_may_be_chosen(http):
    page = http.get("/docs", headers={"host": "localhost:8000"})
    [(_, settings), (loader, _)] = Scripts(page.text).scripts
    assert json.loads(settings) == {"description": "/v1/openapi.json", "callers": [SHOWN_CALLER]}
    assert loader["src"] == f"/docs/assets/{docs.PAGE.manifest['script']}"
    assert http.asked == ["localhost:8000"]


def policy_of(response):
    return dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))


def test_a_page_is_not_stored_and_may_load_from_its_own_host_alone(http):
    page = graphiql.graphiql_page([], {}, "/graphql")
    assert page.headers["cache-control"] == "no-store"
    assert policy_of(page) == NOWHERE_ELSE | {
        "worker-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",
        "font-src": "data:",
    }
    page = http.get("/docs")
    assert page.headers["cache-control"] == "no-store"
    assert policy_of(page) == NOWHERE_ELSE


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.5", "*", "GZIP"])
def test_files_are_sent_gzipped_to_those_who_accept_it(http, assets, accepted):
    path, page = assets
    script = page.manifest["script"]
    answer = http.get(f"{path}/{script}", headers={"accept-encoding": accepted})
    assert (answer.status_code, answer.headers["content-encoding"], answer.headers["vary"]) == (
        200,
        "gzip",
        "Accept-Encoding",
    )
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert int(answer.headers["content-length"]) == (page.static / f"{script}.gz").stat().st_size


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "gzip; q=0.0, br"])
def test_and_plain_to_those_who_do_not(http, assets, accepted):
    path, page = assets
    style = page.manifest["style"]
    answer = http.get(f"{path}/{style}", headers={"accept-encoding": accepted})
    assert "content-encoding" not in answer.headers
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.content == gzip.decompress((page.static / f"{style}.gz").read_bytes())


@pytest.mark.parametrize("name", ["manifest.json", "..%2f..%2fgraphiql.py", "graphiql.js", "LICENSES.txt"])
def test_nothing_else_is_served(http, assets, name):
    path, page = assets
    assert http.get(f"{path}/{name}").status_code == 404
    assert http.get(f"{path}/{page.manifest['script']}.gz").status_code == 404

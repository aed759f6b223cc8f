"""The endpoints that read: one row, the rows of a model, what a row leads to. Each is one statement."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson
from graphql import GraphQLError

from service.catalog.model import Model
from service.catalog.scalars import SCALARS
from service.db.plans import plan
from service.db.plans.compilations import Compilations
from service.db.plans.tracing import Trace
from service.db.repository import Prepared, Repository
from service.errors import Forbidden
from service.graphql.scalars import SCALAR_TYPES
from service.rest.etags import is_known, is_since, page_tag
from service.rest.exchange import Headers, Reply, Request, Session
from service.rest.filters import number_in, switch_in
from service.rest.planning import Planner
from service.rest.problems import missing
from service.rest.questions import EVERYTHING_OF_A_ROW, ItemQuestion, ListQuestion, QuestionReader
from service.rest.resources import Child, Resource
from service.rest.rows import ShownRow, without_denied
from service.telemetry import Span

Key = dict[str, Any]
"""The values of a key by field, in its order."""


class Reads:
    """Answers what is asked about the rows of one catalog."""

    def __init__(self, repository: Repository, questions: QuestionReader) -> None:
        self._repository = repository
        self._questions = questions
        self._compiled: Compilations[Prepared] = Compilations(lambda each: each.characters)

    # ------------------------------------------------------------ endpoints

    async def item(self, resource: Resource, segment: str, request: Request) -> Reply:
        """`GET /v1/products/{id}`: the row, or 304 if the caller has it in this version."""
        question = self._questions.item(resource, request.query, lenient=request.preferences.lenient)
        row = await self.row(resource, key_of(resource, segment), request.session, question)
        if row is None:
            raise missing(resource.model.name)
        headers = (*row.headers(question), *request.preferences.applied())
        if _has(request, question, row, headers[0][1]):
            return Reply(304, b"", headers)
        return Reply(200, row.body.encode(), headers)

    async def collection(self, resource: Resource, request: Request) -> Reply:
        """`GET /v1/products`: a page of rows, or 304 if the caller has just that."""
        preferences = request.preferences
        question = self._questions.page(resource, request.query, preferences.count, lenient=preferences.lenient)
        return await self._page(resource, question, request, _links(request))

    async def search(self, resource: Resource, request: Request) -> Reply:
        """`POST /v1/products:search`: the same, asked by a body."""
        preferences = request.preferences
        body = await request.json()
        question = self._questions.search(resource, body, preferences.count, lenient=preferences.lenient)
        return await self._page(resource, question, request, lambda _: ())

    async def children(
        self, resource: Resource, child: Child, target: Resource, segment: str, request: Request
    ) -> Reply:
        """`GET /v1/purchase-orders/{id}/items`: a page of the rows that a row leads to."""
        key, preferences = key_of(resource, segment), request.preferences
        question = self._questions.page(
            target, request.query, preferences.count, lenient=preferences.lenient, fixed=child.relation.target_fields
        )
        bound = [resource.name, child.segment, *key.values()]
        values = {**_values(question, request, bound), "key": key}

        def made(planner: Planner, traced: Mapping[str, Any]) -> plan.Plan:
            return planner.child(resource.model, child.relation, question, traced, [*traced["key"].values()])

        asked = ("child", resource.name, child.segment, *_asked(question))
        text = await self._run(asked, made, values, request.session)
        if text is None:
            raise missing(resource.model.name)
        shown = without_denied(text)
        if shown == "{}":
            raise Forbidden  # by the rules of the relation
        # The page is the one member of the row: {"items":{…}}.
        return _page_reply(shown[len(child.relation.name) + 4 : -1], request, _links(request))

    # ------------------------------------------------------------ what they share

    async def row(
        self,
        resource: Resource,
        key: Key,
        session: Session,
        question: ItemQuestion = EVERYTHING_OF_A_ROW,
    ) -> ShownRow | None:
        """One row as a caller may see it, None if there is none. Errors: Forbidden."""

        def made(planner: Planner, traced: Mapping[str, Any]) -> plan.Plan:
            return planner.get(resource.model, question.shape, [*traced["key"].values()])

        text = await self._run(("item", resource.name, question.shape), made, {"key": key}, session)
        return None if text is None else ShownRow.of(text)

    async def _page(
        self, resource: Resource, question: ListQuestion, request: Request, links: Callable[[str | None], Headers]
    ) -> Reply:
        def made(planner: Planner, traced: Mapping[str, Any]) -> plan.Plan:
            return planner.page(resource.model, question, traced)

        values = _values(question, request, [resource.name])
        text = await self._run(("page", resource.name, *_asked(question)), made, values, request.session)
        assert text is not None
        return _page_reply(without_denied(text), request, links)

    async def _run(
        self,
        asked: Hashable,
        make: Callable[[Planner, Mapping[str, Any]], plan.Plan],
        values: dict[str, Any],
        session: Session,
    ) -> str | None:
        def compiled(trace: Trace) -> Prepared:
            return self._repository.prepare(make(Planner(self._repository.catalog, session.caller), trace.of(values)))

        with Span("compile"):
            prepared = self._compiled.get((asked, session.caller), values, compiled)
        return await self._repository.run(prepared, values, session.principal, session.transaction)


def key_of(resource: Resource, segment: str) -> Key:
    """The key in a segment of a path. Errors: NotFound for one that no row can have."""
    texts = resource.key_from_path(segment)
    if texts is None:
        raise missing(resource.model.name)
    return key_values(resource.model, texts)


def key_values(model: Model, texts: Sequence[str]) -> Key:
    """The values of a key from the texts of a path. Errors: NotFound."""
    try:
        return {
            name: _key_value(model.field_by_name[name].type.name, text)
            for name, text in zip(model.key, texts, strict=True)
        }
    except (GraphQLError, ValueError):
        raise missing(model.name) from None


def _key_value(type_name: str, text: str) -> Any:
    scalar = SCALARS.get(type_name, SCALARS["String"])  # an enum
    value = number_in(text) if scalar.json_number else switch_in(text) if scalar.name == "Boolean" else text
    return SCALAR_TYPES[scalar.name].coerce_input_value(value)


def _asked(question: ListQuestion) -> tuple[Hashable, ...]:
    return question.shape, question.order, question.count


def _values(question: ListQuestion, request: Request, about: list[Any]) -> dict[str, Any]:
    """The values of a question. `bound` stands for all that its cursors are good for: what was asked, and by whom."""
    caller = request.session.caller
    who = [request.session.principal.organization, caller.provider, sorted(caller.groups)]
    body = orjson.dumps([about, question.filters, who], default=str)
    return {
        "filters": list(question.filters),
        "limit": question.limit,
        "cursor": question.cursor,
        "bound": blake2b(body, digest_size=12).hexdigest(),
    }


def _has(request: Request, question: ItemQuestion, row: ShownRow, tag: str) -> bool:
    """Whether the caller has the row as it is. What is shown of other rows has no date, a tag it has."""
    if "if-none-match" in request.headers:
        return is_known(request.headers["if-none-match"], tag)
    return question.is_plain and is_since(request.headers.get("if-modified-since"), row.modified)


def _page_reply(text: str, request: Request, links: Callable[[str | None], Headers]) -> Reply:
    # What is said of the page comes last, and holds nothing of a row.
    info = text[text.rindex('"page"') :]
    cursor = orjson.loads("{" + info).get("page", {}).get("next")
    body, headers = text.encode(), (*links(cursor), *request.preferences.applied(counted=True))
    if request.method == "POST":  # a search, which nobody keeps
        return Reply(200, body, headers)
    tag = page_tag(body)
    headers = (("etag", tag), *headers)
    return (
        Reply(304, b"", headers) if is_known(request.headers.get("if-none-match"), tag) else Reply(200, body, headers)
    )


def _links(request: Request) -> Callable[[str | None], Headers]:
    """`Link` (RFC 8288) to the first page, and to the next one if there is one."""
    rest = [each for each in request.query.decode("ascii").split("&") if each and _name_of(each) != b"cursor"]

    def links(cursor: str | None) -> Headers:
        found = [f'<{_address(request.path, rest)}>; rel="first"']
        if cursor is not None:
            found.append(f'<{_address(request.path, [*rest, f"cursor={cursor}"])}>; rel="next"')
        return (("link", ", ".join(found)),)

    return links


def _name_of(parameter: str) -> bytes:
    return unquote_to_bytes(parameter.partition("=")[0].replace("+", " "))


def _address(path: str, parameters: Sequence[str]) -> str:
    address = f"{path}?{'&'.join(parameters)}" if parameters else path
    return address.replace("<", "%3C").replace(">", "%3E")

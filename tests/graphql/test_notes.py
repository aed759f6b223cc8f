"""What in PostgreSQL's JSON calls for attention, and what only looks like it."""

from __future__ import annotations

import orjson
import pytest

from service.catalog.model import Catalog
from service.db.plans.plan import Get
from service.db.plans.selections import Value
from service.graphql.notes import Answer, Note


@pytest.fixture
def answer(inventory: Catalog) -> Answer:
    model = inventory.model_by_name["Product"]
    names = ("name", "description", "ratings", "tags")  # String!, String, [Float!]!, [String]
    return Answer.of(Get(model, (), tuple(Value(name, model.field_by_name[name]) for name in names)))


@pytest.mark.parametrize(
    "text",
    [
        '{"name":"a","description":null,"ratings":[1],"tags":null}',
        r'{"name":"\"name\":null","description":"\\\"name\":null","ratings":[],"tags":["a"]}',
        r'{"name":":null","description":"\\u0000d","ratings":[1],"tags":["\n"]}',
        r'{"name":"null","description":"null","ratings":[1],"tags":[]}',
    ],
)
def test_what_may_be_there_is_passed_on_as_it_is(answer: Answer, text: str):
    assert answer.finish(text, ["p"], ("Query", "p")) == (text, [])


def test_a_null_that_may_not_be_there_takes_its_parent_with_it(answer: Answer):
    text = '{"name":null,"description":null,"ratings":[1],"tags":null}'
    note = Note(["p", "name"], denied=False, parent="Product", name="name", type_name="String")
    assert answer.finish(text, ["p"], ("Query", "p")) == ("null", [note])


@pytest.mark.parametrize("ratings", ["[null]", "[1,null]", "[null,2]"])
def test_a_null_in_a_list_is_found_wherever_it_stands(answer: Answer, ratings: str):
    text = f'{{"name":"a","description":"b","ratings":{ratings},"tags":[null]}}'
    done, notes = answer.finish(text, ["p"], ("Query", "p"))
    assert done == "null"
    assert [note.name for note in notes] == ["ratings"]


def test_a_null_in_a_list_that_may_hold_one_stays(answer: Answer):
    text = '{"name":"a","description":"b","ratings":[1.0],"tags":[null,"c"]}'
    done, notes = answer.finish(text, ["p"], ("Query", "p"))
    assert orjson.loads(done) == orjson.loads(text)
    assert notes == []


def test_a_denial_is_a_null_and_a_note(answer: Answer):
    text = r'{"name":"a","description":"\u0000d","ratings":[1.0],"tags":["\\u0000d"]}'
    done, notes = answer.finish(text, ["p"], ("Query", "p"))
    assert orjson.loads(done) == {"name": "a", "description": None, "ratings": [1.0], "tags": ["\\u0000d"]}
    assert notes == [Note(["p", "description"], denied=True, parent="Product", name="description")]

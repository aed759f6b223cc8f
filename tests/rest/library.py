"""A schema that has one of everything REST treats in a way of its own, and rows of it."""

from __future__ import annotations

from tests.graphql.api import user
from tests.rest.calls import Rest

SDL = """
enum Kind { BIG SMALL }
type Spot { x: Float! note: String part: Part }
type Part { a: Int b: String }
type Shelf @model @auth(rules: [{ allow: private }]) {
  id: ID!
  name: String!
  books: [Book] @hasMany(indexName: "byShelf", fields: ["id"])
  notes: [Note] @hasMany(indexName: "byNoteShelf", fields: ["id"])
}
type Book @model @auth(rules: [
  { allow: private }
  { allow: public, provider: apiKey, operations: [read] }
]) {
  id: ID!
  title: String! @index(name: "byTitle", queryField: "booksByTitle")
  shelfId: ID @index(name: "byShelf", queryField: "booksByShelf", sortKeyFields: ["price"])
  shelf: Shelf @belongsTo(fields: ["shelfId"])
  price: Float
  rank: Int
  count: AWSTimestamp
  kind: Kind
  sold: Boolean
  tags: [String!]
  codes: [Int]
  spot: Spot
  spots: [Spot!]
  extra: AWSJSON
  published: AWSDateTime
  day: AWSDate
  limit: Int
  cost: Float @auth(rules: [{ allow: groups, groups: ["Admin"] }])
  remark: String @auth(rules: [{ allow: owner, ownerField: "keeper" }, { allow: groups, groups: ["Admin"] }])
  keeper: String
}
type Slot @model @auth(rules: [{ allow: private }]) {
  place: String! @primaryKey(sortKeyFields: ["number", "lot"])
  number: Int!
  lot: String!
  size: Int
}
type Note @model @auth(rules: [{ allow: owner }, { allow: groups, groups: ["Admin"] }]) {
  id: ID!
  text: String
  shelfId: ID @index(name: "byNoteShelf")
  shelf: Shelf @belongsTo(fields: ["shelfId"])
}
type Diary @model @auth(rules: [{ allow: owner, ownerField: "by" }]) { id: ID! text: String! by: String }
type Transaction
  @model(mutations: { create: "makeTransaction", update: null, delete: null })
  @auth(rules: [{ allow: private }]) {
  id: ID!
  sum: Int
}
"""

ANN, BEN = user("ann"), user("ben")


async def fill(rest: Rest) -> None:
    """Two shelves, seven books of which some lack a price, slots, and notes of ann and ben."""
    await rest.sql("INSERT INTO shelves (id, name) VALUES ('s1', 'Top'), ('s2', 'Low')")
    prices = [3.5, None, 1, 3.5, None, 2, 10]
    for number, price in enumerate(prices):
        await rest.sql(
            "INSERT INTO books (id, title, shelf_id, price, rank, kind, tags, keeper, remark, cost, updated_at)"
            " VALUES ($1, $2, $3, $4::float8, $5::int, $6, $7::text[], $8, 'psst', 9, '2026-11-25T10:00:00Z')",
            f"b{number}",
            f"Title {number}",
            "s1" if number < 6 else "s2",
            price,
            number % 3,
            "BIG" if number % 2 else "SMALL",
            ["red", f"t{number}"] if number else None,
            "sub-ann::ann" if number == 1 else "sub-ben::ben",
        )
    await rest.sql("INSERT INTO slots (place, number, lot, size) VALUES ('a~b', 1, 'x/y', 5), ('a', 2, '', 6)")
    await rest.sql(
        "INSERT INTO notes (id, text, shelf_id, owner) VALUES"
        " ('n1', 'of ann', 's1', 'sub-ann::ann'), ('n2', 'of ben', 's1', 'sub-ben::ben')"
    )

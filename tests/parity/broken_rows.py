"""A schema whose promises its rows break, as old data does, and rows that not every caller may see."""

from __future__ import annotations

from typing import Any

from tests.graphql.api import Api

SDL = """
enum Kind { BIG SMALL }
type Spot { x: Float! y: Float note: String! tags: [String!] inner: Deep! inners: [Deep!]! maybe: [Deep] }
type Deep { a: String! b: Int kind: Kind }
type Site @model @auth(rules: [
  { allow: private }
  { allow: public, provider: apiKey, operations: [get, list] }
]) {
  id: ID!
  name: String!
  spot: Spot!
  spots: [Spot]
  rooms: [Room] @hasMany(indexName: "bySite", fields: ["id"])
  tools: [Tool] @manyToMany(relationName: "SiteTool")
  secrets: [Secret] @hasMany(indexName: "bySecretSite", fields: ["id"])
}
type Room @model @auth(rules: [
  { allow: private, operations: [read] }
  { allow: owner }
  { allow: groups, groups: ["Admin"] }
]) {
  id: ID!
  siteId: ID @index(name: "bySite", queryField: "roomsBySite", sortKeyFields: ["number"])
  number: Int!
  size: Float!
  codes: [String!]!
  marks: [Int!]
  kind: Kind!
  opened: AWSDateTime!
  day: AWSDate
  json: AWSJSON!
  site: Site @belongsTo(fields: ["siteId"])
  secretId: ID
  secret: Secret @hasOne(fields: ["secretId"])
  wage: Float @auth(rules: [{ allow: owner }])
  code: String! @auth(rules: [{ allow: owner }, { allow: groups, groups: ["Admin"] }])
  plan: Spot @auth(rules: [{ allow: owner }])
}
type Secret @model @auth(rules: [{ allow: owner }, { allow: groups, groupsField: "crew" }]) {
  id: ID!
  text: String!
  crew: [String]
  siteId: ID @index(name: "bySecretSite")
  site: Site @belongsTo(fields: ["siteId"])
}
type Tool @model @auth(rules: [{ allow: private }]) {
  id: ID!
  name: String!
  sites: [Site] @manyToMany(relationName: "SiteTool")
}
type Query {
  hello(name: String): String @function(name: "hello") @auth(rules: [{ allow: private }])
}
"""

SPOT = """{
  "x": 1.5, "note": "n", "tags": ["a"], "inner": {"a": "i", "kind": "BIG"}, "inners": [{"a": "1"}, {"a": "2", "b": 3}]
}"""
SPOTS = [
    SPOT,
    '{"x": null, "note": "n", "inner": {"a": "i"}, "inners": []}',
    '{"x": 1, "note": null, "tags": ["a", null], "inner": {"a": "i"}, "inners": []}',
    '{"x": 1, "note": "n", "tags": [null], "inner": {"a": null}, "inners": []}',
    '{"x": 1, "note": "n", "inner": {"a": "i"}, "inners": [{"a": "1"}, null]}',
    '{"x": 1, "note": "n", "inner": {"a": "i"}, "inners": [{"a": "1"}, {"b": 2}], "maybe": [null, {"a": null}]}',
    '{"x": 1, "note": "n", "inner": null, "inners": null, "maybe": [{"a": "x"}, {"b": 1}]}',
    "{}",
    "null",
    '"text"',
    "[]",
    '{"x": 1, "note": "n", "inner": [], "inners": {}, "maybe": "x", "tags": []}',
]


TOLERANT = """
DO $$ DECLARE each record; BEGIN
    FOR each IN SELECT conrelid::regclass AS place, conname AS name FROM pg_constraint
                WHERE connamespace = 'public'::regnamespace AND contype IN ('f', 'c') LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', each.place, each.name);
    END LOOP;
    FOR each IN SELECT attrelid::regclass AS place, attname AS name FROM pg_attribute
                JOIN pg_class ON pg_class.oid = attrelid AND relkind = 'r' AND relnamespace = 'public'::regnamespace
                WHERE attnum > 0 AND attnotnull AND NOT EXISTS (
                    SELECT FROM pg_constraint WHERE contype = 'p' AND conrelid = attrelid AND attnum = ANY (conkey)
                ) LOOP
        EXECUTE format('ALTER TABLE %s ALTER %I DROP NOT NULL', each.place, each.name);
    END LOOP;
END $$
"""
"""Takes everything from enforced tables that would keep such rows out; what keeps organizations apart stays."""


async def fill(api: Api) -> None:
    """Put the rows behind the API's back, which would not let them in."""
    for number, spot in enumerate(SPOTS):
        name = None if number == 3 else f"site {number}"
        spots = f"[{spot}, null, {SPOT}]" if number % 2 else None
        await api.sql(
            "INSERT INTO sites (id, name, spot, spots) VALUES ($1, $2, $3, $4)", f"s{number}", name, spot, spots
        )
    await api.sql("INSERT INTO sites (id, name) VALUES ('empty', NULL)")
    owners = ["sub-ann::ann", "ben", None, "sub-ann"]
    columns = "id, site_id, number, size, codes, marks, kind, opened, json, owner, wage, code, plan, secret_id"
    values = ", ".join(f"${position + 1}" for position in range(14))
    codes: list[Any] = [["a", "b"], [None], None, [], ["a", None]]
    for number in range(24):
        room = (
            f"r{number:02}", None if number == 5 else f"s{number % 6}" if number != 7 else "nowhere",
            None if number == 9 else number % 5, None if number % 7 == 3 else number / 4, codes[number % 5],
            [1, None] if number % 4 == 2 else [1], None if number == 11 else "BIG" if number % 2 else "GONE",
            None, None if number % 8 == 6 else '{"a":[1,null],"b":null}', owners[number % 4],
            None if number % 3 else 0.5, None if number % 6 == 4 else "c", SPOTS[number % len(SPOTS)],
            f"x{number % 5}" if number % 2 else None,
        )  # fmt: skip
        await api.sql(f"INSERT INTO rooms ({columns}) VALUES ({values})", *room)
    await api.sql("UPDATE rooms SET opened = '2024-02-29T10:15:30Z', kind = 'SMALL' WHERE kind = 'GONE' OR number < 3")
    for number in range(5):
        crew = [None, ["red"], [], ["blue", "red"], None][number]
        text = None if number == 1 else f"t{number}"
        await api.sql(
            "INSERT INTO secrets (id, text, crew, owner, site_id) VALUES ($1, $2, $3, $4, $5)",
            f"x{number}", text, crew, owners[number % 4], f"s{number % 2}",
        )  # fmt: skip
    await api.sql("INSERT INTO tools (id, name) VALUES ('t0', 'hammer'), ('t1', NULL), ('t2', 'saw')")
    pairs = [("s0", "t0"), ("s0", "t1"), ("s0", "t2"), ("s1", "t0"), ("s2", "gone"), ("gone", "t0"), ("s4", "t2")]
    for number, (site, tool) in enumerate(pairs):
        await api.sql("INSERT INTO site_tools (id, site_id, tool_id) VALUES ($1, $2, $3)", f"l{number}", site, tool)

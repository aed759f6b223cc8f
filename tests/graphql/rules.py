"""A schema with a model for every kind of rule, and callers to ask it."""

from __future__ import annotations

from typing import Any

from tests.graphql.api import Api, user

SDL = """
type Inner { a: String b: Float }
type Note @model @auth(rules: [{ allow: owner }, { allow: groups, groups: ["Admin"] }]) {
  id: ID!
  text: String
  boardId: ID @index(name: "byBoard", queryField: "notesByBoard", sortKeyFields: ["text"])
  board: Board @belongsTo(fields: ["boardId"])
}
type Board @model @auth(rules: [{ allow: private }]) {
  id: ID!
  pinnedId: ID
  pinned: Note @hasOne(fields: ["pinnedId"])
  notes: [Note] @hasMany(indexName: "byBoard", fields: ["id"])
}
type Shared @model @auth(rules: [
  { allow: owner, ownerField: "editors" }
  { allow: groups, groups: ["Admin"], operations: [read] }
]) {
  id: ID!
  text: String
  editors: [String]
}
type Team @model @auth(rules: [
  { allow: groups, groupsField: "team" }
  { allow: groups, groupsField: "readers", operations: [read] }
  { allow: groups, groups: ["Admin"], operations: [create, read] }
]) {
  id: ID!
  text: String
  team: String
  readers: [String]
}
type Claimed @model @auth(rules: [
  { allow: groups, groups: ["boss"], groupClaim: "roles" }
  { allow: groups, groupsField: "crew", groupClaim: "crews" }
]) { id: ID! crew: String }
type Mine @model @auth(rules: [{ allow: owner, identityClaim: "custom:tenant" }]) { id: ID! text: String }
type Named @model @auth(rules: [{ allow: owner, ownerField: "by", identityClaim: "username" }]) { id: ID! by: String }
type Person @model @auth(rules: [{ allow: private }, { allow: public, provider: apiKey, operations: [read] }]) {
  id: ID!
  owner: String
  name: String!
  secret: String @auth(rules: [{ allow: owner }, { allow: groups, groups: ["Admin"] }])
  needed: String! @auth(rules: [{ allow: owner }, { allow: private, operations: [create, update] }])
  codes: [String] @auth(rules: [{ allow: owner }])
  born: AWSDateTime @auth(rules: [{ allow: owner }])
  inner: Inner @auth(rules: [{ allow: owner }])
  inners: [Inner] @auth(rules: [{ allow: owner }])
  helpers: [String]
  plan: String @auth(rules: [{ allow: owner, ownerField: "helpers" }])
  noteId: ID
  note: Note @hasOne(fields: ["noteId"])
  friendId: ID @index(name: "byFriend")
  friend: Person @belongsTo(fields: ["friendId"]) @auth(rules: [{ allow: owner }])
  fans: [Person] @hasMany(indexName: "byFriend", fields: ["id"]) @auth(rules: [{ allow: owner }])
}
type Partial @model @auth(rules: [
  { allow: private, operations: [get] }
  { allow: owner, operations: [create, list] }
  { allow: groups, groups: ["Editors"], operations: [update] }
]) { id: ID! text: String }
"""

ANN, BEN = user("ann"), user("ben")
EDITOR = user("ed", "Editors")


def denied(field: str, parent: str) -> tuple[Any, str, str]:
    """The error of a root field that the rules keep from the caller."""
    return ([field], "Unauthorized", f"Not Authorized to access {field} on type {parent}")


async def empty(api: Api) -> None:
    """Leave no row."""
    await api.sql(f"TRUNCATE {', '.join(model.table for model in api.catalog.models)}")

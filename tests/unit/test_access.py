"""What rules answer before any row is looked at."""

from __future__ import annotations

import pytest

from service.catalog.access import (
    Answer,
    CallerClass,
    Verdict,
    decide,
    every_rule,
    guarded,
    is_redacted,
    static_groups,
)
from service.catalog.model import READ, Access, Allow, Provider, Rule
from service.importer import catalog_from_sdl

YES, NO = Answer.YES, Answer.NO
OWNER = Rule(Allow.OWNER, owner_field="owner")
EDITOR = Rule(Allow.OWNER, owner_field="editors", access=READ)
TEAM = Rule(Allow.GROUPS, groups_field="team")
ADMIN = Rule(Allow.GROUPS, groups=("Admin",))
READERS = Rule(Allow.GROUPS, groups=("Readers", "Admin"), access=READ)
BOSSES = Rule(Allow.GROUPS, groups=("boss",), group_claim="roles")
PRIVATE = Rule(Allow.PRIVATE, access=READ)
PUBLIC = Rule(Allow.PUBLIC, Provider.API_KEY, access=READ)


def caller(*groups: str, claim: str = "cognito:groups", provider: Provider = Provider.USER_POOLS) -> CallerClass:
    return CallerClass(provider, frozenset((claim, group) for group in groups))


KEY = caller(provider=Provider.API_KEY)
CASES: list[tuple[str, list[Rule], Access, CallerClass, Verdict]] = [
    ("no rule, nobody", [], Access.GET, caller(), NO),
    ("signed in", [PRIVATE], Access.LIST, caller(), YES),
    ("signed in, another operation", [PRIVATE], Access.CREATE, caller(), NO),
    ("signed in, by key", [PRIVATE], Access.LIST, KEY, NO),
    ("by key", [PUBLIC], Access.GET, KEY, YES),
    ("by key, signed in", [PUBLIC], Access.GET, caller(), NO),
    ("group", [ADMIN], Access.DELETE, caller("Admin"), YES),
    ("one of several groups", [READERS], Access.GET, caller("Readers"), YES),
    ("another group", [ADMIN], Access.GET, caller("Readers"), NO),
    ("another operation", [READERS], Access.UPDATE, caller("Admin"), NO),
    ("group of another claim", [BOSSES], Access.GET, caller("boss"), NO),
    ("group by its claim", [BOSSES], Access.GET, caller("boss", claim="roles"), YES),
    ("group by another mode", [ADMIN], Access.GET, caller("Admin", provider=Provider.OIDC), NO),
    ("owner", [OWNER], Access.UPDATE, caller(), (OWNER,)),
    ("owner, another operation", [EDITOR], Access.UPDATE, caller(), NO),
    ("owners and teams", [OWNER, EDITOR, TEAM], Access.GET, caller("x"), (OWNER, EDITOR, TEAM)),
    ("only those of the operation", [OWNER, EDITOR, TEAM], Access.DELETE, caller(), (OWNER, TEAM)),
    ("a static yes before all", [OWNER, ADMIN], Access.GET, caller("Admin"), YES),
    ("a static yes after all", [ADMIN, OWNER], Access.GET, caller(), (OWNER,)),
    ("a group rule that names none", [Rule(Allow.GROUPS)], Access.GET, caller("Admin"), NO),
    ("an owner rule that names none", [Rule(Allow.OWNER)], Access.GET, caller(), NO),
]


@pytest.mark.parametrize(
    ("rules", "access", "who", "expected"), [each[1:] for each in CASES], ids=[each[0] for each in CASES]
)
def test_what_rules_answer(rules: list[Rule], access: Access, who: CallerClass, expected: Verdict):
    assert decide(rules, access, who) == expected
    if isinstance(expected, Answer):
        assert decide(list(reversed(rules)), access, who) == expected


CATALOG = catalog_from_sdl(
    """
    type A @model @auth(rules: [{ allow: groups, groups: ["x"] }]) {
      id: ID!
      secret: String @auth(rules: [{ allow: groups, groups: ["y"], groupClaim: "c" }])
      bId: ID
      b: B @hasOne(fields: ["bId"]) @auth(rules: [{ allow: groups, groups: ["z"] }])
    }
    type B @model @auth(rules: [{ allow: groups, groups: ["x"] }]) { id: ID! }
    type C @model @auth(rules: [{ allow: groups, groups: ["x"] }, { allow: private }]) { id: ID! }
    type D @model @auth(rules: [{ allow: private }, { allow: groups, groups: ["x"] }]) { id: ID! }
    type Query { q: String @function(name: "f") @auth(rules: [{ allow: groups, groups: ["q"] }]) }
    """
)
A, B, C, D = (CATALOG.model_by_name[name] for name in "ABCD")


def test_every_rule_tells_callers_apart():
    groups = {("cognito:groups", "x"), ("c", "y"), ("cognito:groups", "z"), ("cognito:groups", "q")}
    assert static_groups(CATALOG) == groups
    assert len(list(every_rule(CATALOG))) == 9


def test_what_has_rules_of_its_own():
    assert [member.name for member in guarded(A)] == ["secret", "b"]
    assert guarded(B) == ()


def test_a_relation_is_hidden_in_a_mutation_if_the_rules_differ_in_any_order():
    assert not is_redacted(A, B)
    assert is_redacted(A, C)
    assert not is_redacted(C, D)

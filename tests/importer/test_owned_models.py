"""Models of one's own, in the place of the inventory's: docs/own-models.md, done in a copy of the checkout."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from service.auth.issuer import DevelopmentIssuer
from service.catalog.packaged import load
from service.db.connections.engine import Database
from service.db.development import embedded
from tests.db.test_secured_tables import flaws
from tests.running import ROOT, running_dev

GUIDE = (ROOT / "docs" / "own-models.md").read_text()
CASES = Path(__file__).parent / "cases"
COPIED = ("service", "alembic", "graphql", "rest", "db", "pyproject.toml")
FEW = """
type Company @model @auth(rules: [{ allow: groups, groups: ["Admin"] }]) { id: ID! name: String! }
type Todo @model @auth(rules: [{ allow: private }]) {
  id: ID!
  companyId: ID! @index(name: "byCompany", queryField: "todosByCompany")
  title: String!
}
"""


class Checkout:
    """A copy of the checkout, whose models somebody has made their own."""

    def __init__(self, folder: Path, schema: Path) -> None:
        self.folder, self.data_dir, self.schema = folder, folder / ".offramp", schema
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, folder / name)
        for script in (folder / "alembic" / "versions").glob("*.py"):
            script.unlink()
        shutil.rmtree(folder / "service" / "db" / "models")

    def offramp(self, *arguments: str) -> str:
        """What a command says that succeeds."""
        command = [sys.executable, "-m", "service", *arguments]
        environ = os.environ | {"PYTHONPATH": str(self.folder)}
        done = subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def change(self, path: str, pattern: str, replacement: str) -> None:
        file = self.folder / path
        changed, count = re.subn(pattern, replacement, file.read_text(), flags=re.MULTILINE)
        assert count == 1
        file.write_text(changed)

    def follow(self, tenant: str, organizations: tuple[str, str]) -> None:
        """The guide's commands, in their order, and between them what it says is to be written.

        `organizations`: the module and the table of the model whose rows are the organizations.
        """
        shown = [line.partition("  #")[0] for line in re.findall(r"^\$ \.venv/bin/offramp (.+)$", GUIDE, re.MULTILINE)]
        assert [line.split()[0] for line in shown[:3]] == ["import", "contract", "db"]
        self.offramp(*shown[0].replace("path/to/amplify", str(self.schema)).split())
        names = self.folder / "service/db/models/__init__.py"
        names.write_text(f'{names.read_text()}\nTENANT = "{tenant}"\n')
        module, table = organizations
        named = f'    __tablename__ = "{table}"'
        self.change(f"service/db/models/{module}.py", f"^{named}$", f'{named}\n    tenant = "id"')
        self.offramp(*shown[1].split())
        said = self.offramp("db", "revision", "-m", "All tables")
        for name in ("HEAD", "SERVED"):
            (line,) = re.findall(rf"^  ({name} = .*)$", said, re.MULTILINE)
            self.change("service/db/migrations/upgrade.py", rf"^{name} = .*$", line)
        assert self.offramp("db", "upgrade") == f"{self.data_dir / 'pg'}: at revision 0001\n"
        assert self.offramp("db", "check") == f"{self.data_dir / 'pg'}: at revision 0001, as the models say\n"

    def token(self, sub: str, *groups: str, organization: str | None = None) -> str:
        """What `offramp token` prints."""
        return DevelopmentIssuer.open(self.data_dir).issue(sub, sub, groups, organization=organization)


def asked(address: str, token: str, document: str, variables: Mapping[str, Any] | None = None) -> Any:
    """Data and errors of a GraphQL answer."""
    body = json.dumps({"query": document, "variables": variables or {}}).encode()
    headers = {"authorization": token, "content-type": "application/json"}
    request = urllib.request.Request(f"{address}/graphql", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)


async def test_eighty_nine_models_are_owned_and_keep_organizations_apart(tmp_path: Path):
    checkout = Checkout(tmp_path, CASES / "erp" / "in.graphql")
    checkout.follow("organization_id", ("organization", "organizations"))
    catalog = load((tmp_path / "service/catalog/inventory.json").read_bytes())
    assert (len(catalog.models), catalog.is_enforced) == (89, True)
    made = {}
    for slug in ("acme", "bolt"):
        email = f"ada@{slug}.example"
        given = ("--name", slug, "--slug", slug, "--admin-sub", f"sub-{slug}", "--admin-email", email, "--json")
        made[slug] = json.loads(checkout.offramp("organization", "create", *given))["organization"]
    make = "mutation ($i: CreateCategoryInput!) { createCategory(input: $i) { id } }"
    listed = "{ listCategories { items { name organization { name } } } }"
    with running_dev(checkout.data_dir, checkout=tmp_path) as address:
        for slug, organization in made.items():
            given = {"id": "same", "organizationId": organization, "name": slug}
            answer = asked(address, checkout.token(f"sub-{slug}"), make, {"i": given})
            assert answer == {"data": {"createCategory": {"id": "same"}}}
            seen = asked(address, checkout.token(f"sub-{slug}"), listed)
            assert seen == {"data": {"listCategories": {"items": [{"name": slug, "organization": {"name": slug}}]}}}
        theirs = {"id": "theirs", "organizationId": made["bolt"], "name": "x"}
        refused = asked(address, checkout.token("sub-acme"), make, {"i": theirs})
        assert refused["errors"][0]["errorType"] == "Unauthorized"
        superuser = Database.connect(embedded.EmbeddedServer(checkout.data_dir / "pg", Path()).url, size=1)
        found = await flaws(superuser, catalog)
        await superuser.close()
    assert [each for each in found if "alembic_version" not in each] == []
    log = (checkout.data_dir / "dev.log").read_text()
    assert "89 models of service/db/models" in log


async def test_models_that_do_not_say_who_belongs_where_leave_it_to_the_token(tmp_path: Path):
    schema = tmp_path / "few.graphql"
    schema.write_text(FEW)
    checkout = Checkout(tmp_path, schema)
    checkout.follow("company_id", ("models", "companies"))
    make = "mutation ($i: CreateCompanyInput!) { createCompany(input: $i) { name } }"
    todos = '{ todosByCompany(companyId: "c1") { items { title } } }'
    with running_dev(checkout.data_dir, checkout=tmp_path) as address:
        unnamed = asked(address, checkout.token("u", "Admin"), todos)
        assert unnamed["errors"][0]["errorType"] == "NoOrganizationException"
        admin = checkout.token("u", "Admin", organization="c1")
        assert asked(address, admin, make, {"i": {"id": "c1", "name": "One"}}) == {
            "data": {"createCompany": {"name": "One"}}
        }
        todo = 'mutation { createTodo(input: {companyId: "c1", title: "x"}) { title } }'
        assert asked(address, admin, todo) == {"data": {"createTodo": {"title": "x"}}}
        assert asked(address, admin, todos) == {"data": {"todosByCompany": {"items": [{"title": "x"}]}}}
        other = checkout.token("u", organization="c2")
        assert asked(address, other, "{ listTodos { items { title } } }") == {"data": {"listTodos": {"items": []}}}
    with pytest.raises(AssertionError, match="Who belongs where is not in these tables: organizations has no id"):
        checkout.offramp(
            "organization", "create", "--name", "x", "--slug", "x", "--admin-sub", "s", "--admin-email", "a@b.example"
        )

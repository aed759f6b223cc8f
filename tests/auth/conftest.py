"""One issuer for all tests here, and a verifier that trusts it."""

from __future__ import annotations

import pytest

from service.auth.issuer import DevelopmentIssuer
from service.auth.keys import FixedKeys
from service.auth.tokens import Pool, TokenVerifier


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentIssuer:
    return DevelopmentIssuer.open(tmp_path_factory.mktemp("issuer"))


@pytest.fixture(scope="session")
def other_issuer(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentIssuer:
    return DevelopmentIssuer.open(tmp_path_factory.mktemp("other"))


@pytest.fixture
def pool(issuer: DevelopmentIssuer) -> Pool:
    return Pool(issuer.url, frozenset({issuer.client_id}), frozenset({"access", "id"}), 30, FixedKeys(issuer.jwks))


@pytest.fixture
def verifier(pool: Pool) -> TokenVerifier:
    return TokenVerifier(pool)

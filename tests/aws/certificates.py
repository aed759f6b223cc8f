"""A certificate authority that exists for one test, and a certificate of it for this machine."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def make_certificates(folder: Path, *, host: str) -> tuple[Path, Path, Path]:
    """The files of the authority, of a certificate for `host` (and 127.0.0.1), and of the key to that."""
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = _name("a test's own authority")
    # Python 3.13 insists on all of these.
    itself = x509.SubjectKeyIdentifier.from_public_key(authority.public_key())
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    use = x509.KeyUsage(**{name: name == "key_cert_sign" for name in USES})
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    root = _certificate(issuer, issuer, authority.public_key(), constraints, use, itself, signer)
    names = x509.SubjectAlternativeName([x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    own = _certificate(_name(host), issuer, server.public_key(), names, signer)
    files = folder / "authority.pem", folder / "server.pem", folder / "server-key.pem"
    for file, made in zip(files, (root, own), strict=False):
        file.write_bytes(made.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files[2].write_bytes(server.private_bytes(*form))
    return files


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *extensions: x509.ExtensionType
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    for each in extensions:
        is_only_a_name = isinstance(each, x509.AuthorityKeyIdentifier | x509.SubjectKeyIdentifier)
        builder = builder.add_extension(each, critical=not is_only_a_name)
    return builder

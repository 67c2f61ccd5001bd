"""Certificates for tests, made in memory: any names, any kind of key, any time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
HOST = "mail.example.test"


@dataclass(frozen=True)
class Pair:
    """A leaf with its key, and the authority that signed it."""

    leaf: x509.Certificate
    secret: Key
    authority: x509.Certificate

    @property
    def cert(self) -> str:
        """The leaf alone, in PEM."""
        return self.leaf.public_bytes(Encoding.PEM).decode()

    @property
    def ca(self) -> str:
        """The authority's certificate in PEM."""
        return self.authority.public_bytes(Encoding.PEM).decode()

    @property
    def chain(self) -> str:
        """Leaf and authority."""
        return self.cert + self.ca

    @property
    def key(self) -> str:
        """The private key, as OpenSSL has long written it (PKCS #1, SEC 1)."""
        return self.secret.private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        ).decode()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the leaf, lower-case hex."""
        return self.leaf.fingerprint(hashes.SHA256()).hex()


class Authority:
    """A certificate authority that lives as long as a test."""

    def __init__(self, name: str = "Test Root CA", kind: str = "rsa", host: str = HOST) -> None:
        self._host = host
        self._key = _key(kind)
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = _builder(self._name, self._name, self._key, -1, 3650)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate = builder.sign(self._key, hashes.SHA256())

    def issue(self, *names: str, kind: str = "ec", days: float = 90, since: float = -1) -> Pair:
        """A leaf for the names (the authority's host without any), that ends in `days` from now."""
        names = names or (self._host,)
        key = _key(kind)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = _builder(subject, self._name, key, since, days).add_extension(alternatives, critical=False)
        return Pair(builder.sign(self._key, hashes.SHA256()), key, self.certificate)


def _key(kind: str) -> Key:
    return rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, since: float, days: float
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=since))
        .not_valid_after(now + timedelta(days=days))
    )

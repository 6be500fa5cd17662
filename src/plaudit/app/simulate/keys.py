"""Keys and certificates: made, read, signed with, verified with."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509.oid import NameOID

_BITS: Final = 2048
_EXPONENT: Final = 65537
_VALID: Final = timedelta(days=5 * 365)


def new_key() -> str:
    """Return a new RSA key of 2048 bits as PEM (PKCS #8, not encrypted)."""
    key = rsa.generate_private_key(_EXPONENT, _BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_of(private_pem: str) -> str:
    """Return the public half as PEM."""
    half = private_key(private_pem).public_key()
    return half.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def certificate(private_pem: str, *, subject: str, issuer: str, now: datetime) -> str:
    """Return a certificate for a key as PEM, valid for five years from a day before `now`."""
    key = private_key(private_pem)
    return _certified(key.public_key(), key, subject=subject, issuer=issuer, now=now)


def curve_certificate(*, subject: str, now: datetime) -> str:
    """Return a certificate of a key that is not RSA, as Alipay's file of roots has them among others."""
    key = ec.generate_private_key(ec.SECP256R1())
    return _certified(key.public_key(), key, subject=subject, issuer=subject, now=now)


def serial_of(certificate_pem: str) -> str:
    """Return the serial number as WeChat writes it: forty hexadecimal digits, upper case."""
    return f"{x509.load_pem_x509_certificate(certificate_pem.encode()).serial_number:040X}"


def validity_of(certificate_pem: str) -> tuple[datetime, datetime]:
    """Return from when until when a certificate is valid."""
    found = x509.load_pem_x509_certificate(certificate_pem.encode())
    return found.not_valid_before_utc, found.not_valid_after_utc


@lru_cache(maxsize=4096)
def private_key(pem: str) -> rsa.RSAPrivateKey:
    """Return the key; read once."""
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the private key is not an RSA key")
    return key


@lru_cache(maxsize=4096)
def public_key(pem: str) -> rsa.RSAPublicKey:
    """Return the key; read once."""
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError("the public key is not an RSA key")
    return key


def sign(message: bytes, *, private_pem: str) -> str:
    """Return the RSA-SHA256 signature (PKCS #1 v1.5) in base64, which both channels use."""
    signature = private_key(private_pem).sign(message, padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode()


def verifies(message: bytes, *, signature: str, public_pem: str) -> bool:
    """Tell whether a signature in base64 is right."""
    try:
        public_key(public_pem).verify(
            base64.b64decode(signature, validate=True), message, padding.PKCS1v15(), hashes.SHA256()
        )
    except (InvalidSignature, binascii.Error):
        return False
    return True


def _name(text: str) -> x509.Name:
    parts = (
        (NameOID.COUNTRY_NAME, "CN"),
        (NameOID.ORGANIZATION_NAME, "Simulated"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "Payments"),
        (NameOID.COMMON_NAME, text),
    )
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _certified(
    public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    signer: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    *,
    subject: str,
    issuer: str,
    now: datetime,
) -> str:
    start = now - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _VALID)
        .sign(signer, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()

"""Keys and certificates of Alipay: read, numbered, signed and verified with.

RSA2 is SHA256withRSA by PKCS #1 v1.5.

The number of a certificate (its SN in Alipay's protocol) is the MD5 of its issuer's name, most specific part
first, and its serial number in decimal. That of the file of roots joins those of its RSA certificates by "_".
"""

import hashlib
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

_PEM: Final = "-----BEGIN"
_RSA_SIGNATURES: Final = "1.2.840.113549.1.1."
_NAMES: Final = {"2.5.4.3": "CN", "2.5.4.11": "OU", "2.5.4.10": "O", "2.5.4.6": "C"}


def private_key_of(text: str) -> rsa.RSAPrivateKey:
    """Return the RSA key in PEM or in the bare base64 of PKCS #1 or #8. Raises ValueError (no quote)."""
    try:
        if text.lstrip().startswith(_PEM):
            key = load_pem_private_key(text.encode(), password=None)
        else:
            key = load_der_private_key(b64decode("".join(text.split()), validate=True), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        # The type that is wrong is one of keys: the text is a wrong value.
        raise ValueError(  # noqa: TRY004
            "private_key must be an RSA private key without a password, PEM or base64"
        )
    return key


def public_key_of(text: str) -> rsa.RSAPublicKey:
    """Return the RSA key in PEM or in bare base64. Raises ValueError."""
    try:
        if text.lstrip().startswith(_PEM):
            key = load_pem_public_key(text.encode())
        else:
            key = load_der_public_key(b64decode("".join(text.split()), validate=True))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError(  # noqa: TRY004 - as above
            "alipay_public_key must be an RSA public key, PEM or base64"
        )
    return key


def certificate_of(pem: str) -> x509.Certificate:
    """Return the first certificate of a PEM text, whose key is RSA. Raises ValueError."""
    try:
        found = x509.load_pem_x509_certificate(pem.encode())
        is_rsa = isinstance(found.public_key(), rsa.RSAPublicKey)
    except (ValueError, UnsupportedAlgorithm):
        is_rsa = False
    if not is_rsa:
        raise ValueError("a certificate must be PEM and hold an RSA key")
    return found


def roots_of(pem: str) -> list[x509.Certificate]:
    """Return the certificates of Alipay's file of roots that are signed by RSA. ValueError for none."""
    try:
        every = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        every = []
    found = [one for one in every if one.signature_algorithm_oid.dotted_string.startswith(_RSA_SIGNATURES)]
    if not found:
        raise ValueError("alipay_root_cert_pem must hold certificates that are signed by RSA")
    return found


def number_of(certificate: x509.Certificate) -> str:
    """Return a certificate's SN: MD5 in hexadecimal, as Alipay defines it (no defence lies in it)."""
    parts = reversed([attribute for part in certificate.issuer.rdns for attribute in part])
    issuer = ",".join(
        f"{_NAMES.get(part.oid.dotted_string, part.rfc4514_attribute_name)}={part.value!s}" for part in parts
    )
    return hashlib.md5(f"{issuer}{certificate.serial_number}".encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Keys:
    """What an account signs and verifies with. The SNs are empty, and `certified` is None, in key mode."""

    own: rsa.RSAPrivateKey = field(repr=False)
    theirs: rsa.RSAPublicKey
    app_cert_sn: str = ""
    root_cert_sn: str = ""
    certified: str | None = None

    def sign(self, message: bytes) -> str:
        """Return our signature in base64."""
        return b64encode(self.own.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()

    def verifies(self, message: bytes, *, signature: str, cert_sn: str) -> bool:
        """Tell whether Alipay signed it. `cert_sn` is what it says that it signed with, empty for nothing.

        A certificate that we were not given proves nothing.
        """
        if self.certified is not None and cert_sn not in {"", self.certified}:
            return False
        try:
            self.theirs.verify(
                b64decode(signature, validate=True), message, padding.PKCS1v15(), hashes.SHA256()
            )
        except (InvalidSignature, ValueError):
            return False
        return True


def keys_of_public(*, private_key: str, alipay_public_key: str) -> Keys:
    """Return the keys of an account in public key mode. Raises ValueError."""
    return Keys(private_key_of(private_key), public_key_of(alipay_public_key))


def keys_of_certificates(*, private_key: str, app: str, alipay: str, roots: str) -> Keys:
    """Return the keys of an account in certificate mode, from PEM texts.

    Raises ValueError, also when the application's certificate is not that of its private key.
    """
    own, ours, theirs = private_key_of(private_key), certificate_of(app), certificate_of(alipay)
    key = theirs.public_key()
    assert isinstance(key, rsa.RSAPublicKey), theirs
    if ours.public_key() != own.public_key():
        raise ValueError("app_cert_pem is not the certificate of private_key")
    return Keys(
        own,
        key,
        app_cert_sn=number_of(ours),
        root_cert_sn="_".join(number_of(one) for one in roots_of(roots)),
        certified=number_of(theirs),
    )

"""Merchants of Alipay: applications, their keys and certificates, and Alipay's own for them.

Numbers of certificates are the MD5 of the issuer's name and the serial number; that of the roots joins those
of all RSA roots of the file.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from plaudit.app.simulate import keys

_ISSUER: Final = "Simulated Ant Root"
_NAME: Final = (
    ("CN", NameOID.COMMON_NAME),
    ("OU", NameOID.ORGANIZATIONAL_UNIT_NAME),
    ("O", NameOID.ORGANIZATION_NAME),
    ("C", NameOID.COUNTRY_NAME),
)


def new_facts(given: Mapping[str, str], *, number: int, now: datetime) -> dict[str, str]:
    """Return all facts of an application: what is given stays, the rest is made up."""
    facts = dict(given)
    facts.setdefault("app_id", f"2021{number:012d}")
    facts.setdefault("seller_id", f"2088{number:012d}")
    if "app_public_key" not in facts:
        facts.setdefault("private_key", keys.new_key())
        facts["app_public_key"] = keys.public_of(facts["private_key"])
    if "app_certificate" not in facts and "private_key" in facts:
        facts["app_certificate"] = keys.certificate(
            facts["private_key"], subject=facts["app_id"], issuer=_ISSUER, now=now
        )
    if "app_certificate" in facts:
        facts["app_cert_sn"] = certificate_number(facts["app_certificate"])
    roots = [
        keys.certificate(keys.new_key(), subject=_ISSUER, issuer=_ISSUER, now=now),
        keys.curve_certificate(subject="Simulated Ant Curve Root", now=now),
        keys.certificate(
            keys.new_key(), subject="Simulated Ant Root 2", issuer="Simulated Ant Root 2", now=now
        ),
    ]
    facts["alipay_root_certificate"] = "\n".join(roots)
    facts["alipay_root_cert_sn"] = "_".join((certificate_number(roots[0]), certificate_number(roots[2])))
    facts.setdefault("alipay_private_key", keys.new_key())
    facts["alipay_public_key"] = keys.public_of(facts["alipay_private_key"])
    return facts | _certified(now=now)


def rotated(facts: Mapping[str, str], *, now: datetime) -> dict[str, str]:
    """Return the facts with new keys of Alipay, in both modes."""
    key = keys.new_key()
    return {
        **facts,
        "alipay_private_key": key,
        "alipay_public_key": keys.public_of(key),
        **_certified(now=now),
    }


def certificate_number(pem: str) -> str:
    """Return a certificate's number as Alipay counts it."""
    found = x509.load_pem_x509_certificate(pem.encode())
    name = ",".join(f"{short}={found.issuer.get_attributes_for_oid(oid)[0].value!s}" for short, oid in _NAME)
    return hashlib.md5(f"{name}{found.serial_number}".encode(), usedforsecurity=False).hexdigest()


def _certified(*, now: datetime) -> dict[str, str]:
    key = keys.new_key()
    pem = keys.certificate(key, subject=f"Alipay {secrets.token_hex(4)}", issuer=_ISSUER, now=now)
    return {
        "alipay_certificate_key": key,
        "alipay_certificate": pem,
        "alipay_cert_sn": certificate_number(pem),
    }

"""Tokens: the material of token keys, and signatures of JSON Web Tokens (RFC 7515, 7518, 8037) by PyJWT.

A token is verified by the algorithm of its key and no other: what its header asks for can only be refused, so
that a public key never serves as a shared secret. The claims are the model's to check.
"""

from functools import lru_cache
from typing import Final, TypeAlias, cast, get_args

import jwt
import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from plaudit.features.identity.model import Algorithm, TokenKey, refused_credential
from plaudit.kernel.refusal import Refusal, invalid

SECRET_MIN_BYTES: Final = 32
SECRET_MAX_BYTES: Final = 1_024
PEM_MAX_CHARACTERS: Final = 8_192
RSA_MIN_BITS: Final = 2_048
RSA_MAX_BITS: Final = 8_192
KEY_ID_MAX: Final = 64

_PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

_JWS: Final = jwt.PyJWS()
_CLAIMS: Final = msgspec.json.Decoder(dict[str, object])
_HEADER_TYPES: Final = frozenset({None, "jwt", "at+jwt"})


def check_material(*, algorithm: str, secret: str | None, public_key: str | None) -> tuple[Algorithm, bytes]:
    """Return the algorithm and material of a new token key: the secret in UTF-8, or the public key in PEM.

    HS256 takes a secret of 32 to 1,024 bytes; RS256 an RSA key of 2,048 to 8,192 bits, ES256 a key on P-256
    and EdDSA an Ed25519 key, each as PEM of the public key (SubjectPublicKeyInfo). Raises Refusal
    `token_key.invalid` (INVALID) on everything else, a private key above all: that one must never leave its
    owner.
    """
    if algorithm not in get_args(Algorithm):
        raise _wrong("algorithm", "Choose HS256, RS256, ES256 or EdDSA.")
    chosen = cast("Algorithm", algorithm)
    if chosen == "HS256":
        if secret is None or public_key is not None:
            raise _wrong("secret", "Send a secret, and no public_key, for HS256.")
        return chosen, _checked_secret(secret)
    if public_key is None or secret is not None:
        raise _wrong("public_key", f"Send a public_key, and no secret, for {chosen}.")
    return chosen, _checked_public_key(chosen, public_key)


def key_id_of(token: str) -> str:
    """Return the `kid` in a token's header, which names its token key. Raises Refusal `auth.invalid`.

    Nothing is verified yet: the answer only says which key to try.
    """
    try:
        header = _JWS.get_unverified_header(token)
    except (jwt.PyJWTError, UnicodeError):
        raise refused_credential() from None
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not 1 <= len(key_id) <= KEY_ID_MAX:
        raise refused_credential()
    return key_id


def verified_claims(*, token: str, key: TokenKey) -> dict[str, object]:
    """Return the claims of a token that this key has signed by its own algorithm, otherwise unchecked.

    Raises Refusal `auth.invalid` (UNAUTHENTICATED) when the signature, algorithm or form is another.
    """
    try:
        parts = _JWS.decode_complete(
            token,
            key=_usable(key.algorithm, key.material),
            algorithms=[key.algorithm],
            options={"verify_signature": True},
        )
        claims = _CLAIMS.decode(parts["payload"])
    except (jwt.PyJWTError, msgspec.MsgspecError, UnicodeError, RecursionError):
        raise refused_credential() from None
    kind = parts["header"].get("typ")
    if (kind.lower() if isinstance(kind, str) else kind) not in _HEADER_TYPES:
        raise refused_credential()
    return claims


def _checked_secret(secret: str) -> bytes:
    material = secret.encode()
    if not SECRET_MIN_BYTES <= len(material) <= SECRET_MAX_BYTES:
        raise _wrong(
            "secret", f"Send a secret of {SECRET_MIN_BYTES} to {SECRET_MAX_BYTES} bytes, drawn at random."
        )
    try:
        jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).prepare_key(material)
    except jwt.PyJWTError:
        raise _wrong(
            "secret", "This is a key of another algorithm, not a secret; choose its algorithm."
        ) from None
    return material


def _checked_public_key(algorithm: Algorithm, text: str) -> bytes:
    if "PRIVATE KEY" in text:
        raise _wrong(
            "public_key",
            "This is a private key: keep it to yourself, make a new pair, and send the public key only.",
        )
    unreadable = _wrong("public_key", "Send a public key in PEM, beginning with BEGIN PUBLIC KEY.")
    if len(text) > PEM_MAX_CHARACTERS:
        raise unreadable
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise unreadable from None
    if algorithm == "RS256" and isinstance(key, RSAPublicKey):
        if not RSA_MIN_BITS <= key.key_size <= RSA_MAX_BITS:
            raise _wrong("public_key", f"Send an RSA key of {RSA_MIN_BITS} to {RSA_MAX_BITS} bits.")
    elif algorithm == "ES256" and isinstance(key, EllipticCurvePublicKey):
        if not isinstance(key.curve, SECP256R1):
            raise _wrong("public_key", "Send a key on the curve P-256 for ES256.")
    elif algorithm != "EdDSA" or not isinstance(key, Ed25519PublicKey):
        raise _wrong("public_key", f"This key does not fit {algorithm}; send one that does.")
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@lru_cache(maxsize=256)
def _usable(algorithm: Algorithm, material: bytes) -> bytes | _PublicKey:
    """Return the material as PyJWT takes it; reading PEM costs as much as verifying."""
    if algorithm == "HS256":
        return material
    key = load_pem_public_key(material)
    assert isinstance(key, RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey), (
        "checked when it was stored"
    )
    return key


def _wrong(field: str, message: str) -> Refusal:
    return invalid("token_key.invalid", message, field=field)

"""Signatures and sealed parts of version 3: RSA-SHA256 (PKCS #1 v1.5) and AES-GCM.

What is signed is always a few lines, each ended by a newline, the body as it is sent.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from plaudit.kernel.time import Clock

SCHEME: Final = "WECHATPAY2-SHA256-RSA2048"
ALGORITHM: Final = "AEAD_AES_256_GCM"

_BITS_MIN: Final = 2048
_NONCE_BYTES: Final = 16
_PADDING: Final = PKCS1v15()
_HASH: Final = SHA256()


def private_key_of(pem: str) -> RSAPrivateKey:
    """Return the RSA key of at least 2,048 bits in `pem`. Raises ValueError, which quotes nothing of it."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("private_key_pem must be a private key in PEM, without a password") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < _BITS_MIN:
        raise ValueError(f"private_key_pem must be an RSA key of at least {_BITS_MIN} bits")
    return key


def public_key_of(pem: str) -> RSAPublicKey:
    """Return the RSA key of at least 2,048 bits in `pem`. Raises ValueError."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("public_key_pem must be a public key in PEM") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < _BITS_MIN:
        raise ValueError(f"public_key_pem must be an RSA key of at least {_BITS_MIN} bits")
    return key


def is_signed(key: RSAPublicKey, body: bytes, *, timestamp: str, nonce: str, signature: str) -> bool:
    """Tell whether `signature` (base64) is the key's over timestamp, nonce and body."""
    try:
        key.verify(
            b64decode(signature, validate=True),
            f"{timestamp}\n{nonce}\n".encode() + body + b"\n",
            _PADDING,
            _HASH,
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def opened(cipher: AESGCM, *, ciphertext: str, nonce: str, associated_data: str) -> bytes:
    """Return the plain text of a sealed part (base64, the tag of 16 bytes at its end).

    The cipher says how long the key is: 32 bytes for merchants, 16 in the official sample. Raises ValueError
    when the key is another or anything was altered.
    """
    try:
        return cipher.decrypt(nonce.encode(), b64decode(ciphertext, validate=True), associated_data.encode())
    except (InvalidTag, ValueError):
        raise ValueError("the sealed part does not open with the account's apiv3_key") from None


class Signer:
    """Signs for a merchant."""

    __slots__ = ("_clock", "_key", "_mchid", "_randomness", "_serial_no")

    def __init__(
        self,
        *,
        mchid: str,
        serial_no: str,
        key: RSAPrivateKey,
        clock: Clock,
        randomness: Callable[[int], bytes],
    ) -> None:
        """Sign with the key of the certificate `serial_no`, with the clock's time and drawn nonces."""
        self._mchid = mchid
        self._serial_no = serial_no
        self._key = key
        self._clock = clock
        self._randomness = randomness

    def authorization(self, *, method: str, target: str, body: bytes) -> str:
        """Return the Authorization header of a request. `target` is the path with its query, as sent."""
        timestamp, nonce = self._moment()
        signature = self._sign(f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n")
        return (
            f'{SCHEME} mchid="{self._mchid}",nonce_str="{nonce}",signature="{signature}",'
            f'timestamp="{timestamp}",serial_no="{self._serial_no}"'
        )

    def page_parameters(self, *, appid: str, prepay_id: str) -> dict[str, str]:
        """Return what the payer's page hands to the kit of WeChat to pay a prepared order (JSAPI)."""
        timestamp, nonce = self._moment()
        package = f"prepay_id={prepay_id}"
        return {
            "appId": appid,
            "timeStamp": timestamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self._sign(f"{appid}\n{timestamp}\n{nonce}\n{package}\n".encode()),
        }

    def _moment(self) -> tuple[str, str]:
        return str(int(self._clock.now().timestamp())), self._randomness(_NONCE_BYTES).hex().upper()

    def _sign(self, message: bytes) -> str:
        return b64encode(self._key.sign(message, _PADDING, _HASH)).decode()

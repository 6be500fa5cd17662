"""AccessToken2 against the known answers of Agora's own test suite (AgoraIO/Tools, AccessToken2Test)."""

from __future__ import annotations

import pytest

from plaudit.features.admission.providers.agora import access_token
from tests.features.admission.agora import opened

APP_ID = "970CA35de60c44645bbae8a215061b33"
CERTIFICATE = "5CFd2fd1755d40ecb72977518be15d3b"
CHANNEL = "7d72365eb983485397e3e3f9d460bdda"
KNOWN = {
    "2882341273": "007eJxTYBBbsMMnKq7p9Hf/HcIX5kce9b518kCiQgSr5Zrp4X1Tu6UUGCzNDZwdjU1TUs0Mkk1MzExMk5ISUy0SjQx"
    "NDcwMk4yN3b8IMEQwMTAwMoAwBIL4CgzmKeZGxmamqUmWFsYmFqbGluapxqnGaZYpJmYGSSkpiVwMRhYWRsYmhkbmxgDCaiTj",
    "": "007eJxTYLhzZP08Lxa1Pg57+TcXb/3cZ3wi4V6kbpbOog0G2dOYk20UGCzNDZwdjU1TUs0Mkk1MzExMk5ISUy0SjQxNDcwM"
    "k4yN3b8IMEQwMTAwMoAwBIL4CgzmKeZGxmamqUmWFsYmFqbGluapxqnGaZYpJmYGSSkpiQwMADacImo=",
}


@pytest.mark.parametrize("uid", list(KNOWN))
def test_tokens_are_agoras_own_byte_for_byte(uid: str) -> None:
    token = access_token(
        app_id=APP_ID,
        certificate=CERTIFICATE,
        channel=CHANNEL,
        uid=uid,
        privileges={1: 600},
        issued_at_s=1_111_111,
        expire_s=600,
        salt=1,
    )
    assert token == KNOWN[uid]
    said = opened(token, certificate=CERTIFICATE)
    assert (said.channel, said.uid, said.privileges, said.salt) == (CHANNEL, uid, {1: 600}, 1)

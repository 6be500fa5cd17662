"""A simulator of each channel for a file of tests, and a place where callbacks go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.app.simulate.receiver import Receiver, receiver
from tests.kit.simulators import Simulator, simulator


@pytest.fixture(scope="module")
async def running_wechat(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Simulator]:
    async with simulator("wechat", _folder(tmp_path_factory)) as running:
        yield running


@pytest.fixture(scope="module")
async def running_alipay(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Simulator]:
    async with simulator("alipay", _folder(tmp_path_factory)) as running:
        yield running


@pytest.fixture
async def wechat(running_wechat: Simulator) -> AsyncIterator[Simulator]:
    """Lend WeChat Pay; time and mischief are as they should be again afterwards."""
    yield running_wechat
    await running_wechat.mischief()
    await running_wechat.drive(offset_s=0)


@pytest.fixture
async def alipay(running_alipay: Simulator) -> AsyncIterator[Simulator]:
    """Lend Alipay; time and mischief are as they should be again afterwards."""
    yield running_alipay
    await running_alipay.mischief()
    await running_alipay.drive(offset_s=0)


@pytest.fixture
async def inbox() -> AsyncIterator[Receiver]:
    async with receiver() as merchant:
        yield merchant


def _folder(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("simulator")

"""Homes for the flow tests: made once, copied for each test."""
import os

import pytest

import flow


@pytest.fixture(scope="session")
def enrolled(tmp_path_factory):
    """Owner 14 with seats a, b, c, two of which decide; nothing else."""
    assert flow.AZUKARI.exists(), "set AZUKARI_BUILD or AZUKARI_BIN"
    home = flow.make_home(tmp_path_factory.mktemp("enrolled"))
    flow.enrol(home, "14")
    return home


@pytest.fixture(scope="session")
def ready(enrolled, tmp_path_factory):
    """The same with survey, consent text and source."""
    home = enrolled.copy(tmp_path_factory.mktemp("ready"))
    flow.make_ready(home)
    return home


@pytest.fixture
def home(ready, tmp_path):
    """A copy of `ready` that a test may change."""
    return ready.copy(tmp_path / "gateway")


@pytest.fixture
def fault():
    """The build that dies when told."""
    if not flow.FAULT:
        pytest.skip("no build that dies on request: AZUKARI_FAULT_BIN")
    assert os.access(flow.FAULT, os.X_OK), flow.FAULT
    return flow.FAULT


@pytest.fixture(scope="session")
def asked_once(ready, tmp_path_factory):
    """The same with answers, a partner, a policy and an eligible request."""
    home = ready.copy(tmp_path_factory.mktemp("asked"))
    flow.make_asked(home)
    return home


@pytest.fixture
def asked(asked_once, tmp_path):
    """A copy of it that a test may change."""
    return asked_once.copy(tmp_path / "gateway")


@pytest.fixture(scope="session")
def frozen_once(asked_once, tmp_path_factory):
    """The same with a plan; its number is home.plan."""
    home = asked_once.copy(tmp_path_factory.mktemp("frozen"))
    home.plan = flow.freeze(home)
    return home


@pytest.fixture
def frozen(frozen_once, tmp_path):
    return frozen_once.copy(tmp_path / "gateway")


@pytest.fixture
def officers(frozen):
    return flow.Officers(frozen)

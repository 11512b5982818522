"""From a frozen plan to t releases: who may do what, in which order, and what
is refused."""
import pytest

import flow


def test_sign_then_release(frozen, officers):
    plan = frozen.plan
    first = officers.approve(plan, "a")
    assert "no share has left" in first.err
    officers.approve(plan, "b")
    officers.approve(plan, "a")
    frozen.az("export", plan)

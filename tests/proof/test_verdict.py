"""Claims are judged by the worst of what was measured, and fail where nothing was."""

import pytest

from tests.proof.claim import Figure, Passing, Relation
from tests.proof.claims import CLAIMS
from tests.proof.page import BEGIN, END, rewritten
from tests.proof.parts import names, outcomes_of
from tests.proof.verdict import judge


def figure(path: str, relation: Relation, target: float | str) -> Figure:
    return Figure(name="f", sentence="A figure.", part="p", path=path, relation=relation, target=target)


@pytest.mark.parametrize(
    ("path", "relation", "target", "measured", "holds"),
    [
        ("ratios.speed", "at least", 0.85, 0.9, True),
        ("ratios.speed", "at least", 0.95, 0.9, False),
        ("ratios.speed", "at most", 0.9, 0.9, True),
        ("rounds.*.answered", "at least", 500, 480, False),
        ("rounds.*.answered", "at most", 510, 510, True),
        ("late.*", "at most", 1, 0.7, True),
        ("rounds.#", "at least", 2, 2, True),
        ("doctor", "equal", "green", "green", True),
        ("doctor", "equal", "red", "green", False),
        ("nothing.here", "at most", 1, None, False),
        ("empty.*", "at most", 1, None, False),
    ],
)
def test_a_figure_is_judged(
    path: str, relation: Relation, target: float | str, measured: object, *, holds: bool
) -> None:
    result = {
        "ratios": {"speed": 0.9},
        "rounds": [{"answered": 510}, {"answered": 480}],
        "late": [0.2, 0.7],
        "doctor": "green",
        "empty": [],
    }
    verdict = judge(figure(path, relation, target), {"p": result})
    assert (verdict.measured, verdict.holds) == (measured, holds)


@pytest.mark.parametrize(
    ("tests", "measured", "holds"),
    [
        (("a.py",), "2 passed", True),
        (("a.py", "b.py"), "2 passed, 1 failed", False),
        (("c.py",), "1 skipped", False),
        (("a.py", "d.py"), "2 passed", False),
        (("d.py",), "none ran", False),
    ],
)
def test_tests_are_judged(tests: tuple[str, ...], measured: str, holds: bool) -> None:
    ran = {"a.py::one": "passed", "a.py::two": "passed", "b.py::one": "failed", "c.py::one": "skipped"}
    claim = Passing(name="t", sentence="Tests.", part="p", tests=tests)
    verdict = judge(claim, {"p": {"tests": ran}})
    assert (verdict.measured, verdict.holds) == (measured, holds)


def test_a_part_that_did_not_run_holds_nothing() -> None:
    assert not any(judge(claim, {}).holds for claim in CLAIMS)


def test_every_claim_has_a_part_and_a_name_of_its_own() -> None:
    assert {claim.part for claim in CLAIMS} == set(names())
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)


def test_outcomes_are_read_from_the_report_of_the_tests() -> None:
    report = b"""<testsuites><testsuite name="pytest">
        <testcase classname="tests.core.test_x" name="test_good"/>
        <testcase classname="tests.core.test_x" name="test_bad"><failure message="no"/></testcase>
        <testcase classname="tests.core.test_x" name="test_left"><skipped/></testcase>
        </testsuite></testsuites>"""
    assert outcomes_of(report) == {
        "tests/core/test_x.py::test_good": "passed",
        "tests/core/test_x.py::test_bad": "failed",
        "tests/core/test_x.py::test_left": "skipped",
    }


def test_the_page_gets_the_table_between_its_marks() -> None:
    claim = {"name": "n", "sentence": "S.", "target": "at least 1", "measured": 12345.6789, "holds": False}
    proof = {"at": "2026-11-22T00:00:00Z", "claims": [claim], "parts": {}}
    page = rewritten(f"before\n{BEGIN}\nbygone\n{END}\nafter\n", proof)
    assert "| `n` S. | at least 1 | 12,345.679 | **no** |" in page
    assert page.startswith("before\n")
    assert page.endswith("after\n")
    assert "bygone" not in page
    assert rewritten(page, proof) == page
    with pytest.raises(ValueError, match="lacks"):
        rewritten("no marks", proof)

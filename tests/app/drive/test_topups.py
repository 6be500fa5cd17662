"""Before a show everybody buys the pack that holds what he will give."""

from hypothesis import given
from hypothesis import strategies as st

from plaudit.app.drive.topups import pack_for


def test_packs_are_round() -> None:
    needs = [1, 500, 501, 2_000, 2_001, 5_001, 20_001, 4_196_771]
    assert [pack_for(amount_minor=need) for need in needs] == [
        500,
        500,
        1_000,
        2_000,
        5_000,
        10_000,
        50_000,
        5_000_000,
    ]


@given(st.integers(1, 2**40))
def test_a_pack_holds_the_need_and_the_next_smaller_one_does_not(need: int) -> None:
    price = pack_for(amount_minor=need)
    assert price >= need
    assert price == 500 or price / 2.5 < need

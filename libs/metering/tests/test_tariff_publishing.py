"""Publishing: what is charged keeps its prices, and much harm needs a second person."""

from datetime import date

import pytest
from tariff_texts import version

from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.publishing import (
    PublicationRefused,
    Touched,
    check_correction,
    check_publication,
    impact_of,
)

TODAY = date(2026, 5, 10)
FLAT = "  - {name: energy, kind: energy, micro_per_kwh: {all: 500000}}\n"
DEARER = FLAT.replace("500000", "600000")
BOOK = TariffBook([version(FLAT)])


@pytest.mark.parametrize(
    ("valid_from", "charged_upto", "said"),
    [
        ("2026-01-01", None, "never changed"),
        ("2026-01-01", "2026-05-10", "never changed"),
        ("2026-05-10", "2026-05-10", "charged up to 2026-05-10"),
        ("2026-04-01", "2026-05-10", "correction run"),
        ("2026-05-11", "2026-05-10", ""),
        ("2026-04-01", None, ""),
    ],
)
def test_what_may_be_published(valid_from: str, charged_upto: str | None, said: str) -> None:
    new = version(DEARER, valid_from=valid_from)
    upto = None if charged_upto is None else date.fromisoformat(charged_upto)
    if said:
        with pytest.raises(PublicationRefused, match=said):
            check_publication(book=BOOK, version=new, charged_upto=upto, today=TODAY)
    else:
        grown = check_publication(book=BOOK, version=new, charged_upto=upto, today=TODAY)
        assert new in grown.versions


def test_the_same_version_again_changes_nothing() -> None:
    again = check_publication(book=BOOK, version=version(FLAT), charged_upto=TODAY, today=TODAY)
    assert again is BOOK


@pytest.mark.parametrize(
    ("valid_from", "refused"),
    [("2026-05-20", True), ("2026-06-20", False), ("2026-06-01", False)],
)
def test_a_version_that_prorates_is_published_before_its_period(
    valid_from: str, refused: bool
) -> None:
    new = version(DEARER, valid_from=valid_from, prorate="true")
    if refused:
        with pytest.raises(PublicationRefused, match="before the period"):
            check_publication(book=BOOK, version=new, charged_upto=TODAY, today=TODAY)
    else:
        check_publication(book=BOOK, version=new, charged_upto=TODAY, today=TODAY)


@pytest.mark.parametrize(("valid_from", "refused"), [("2026-05-20", True), ("2026-06-01", False)])
def test_one_that_follows_a_version_that_prorates_is_too(valid_from: str, refused: bool) -> None:
    """It takes days away from the other, whose limits shrink with them."""
    book = TariffBook([version(FLAT, prorate="true")])
    new = version(DEARER, valid_from=valid_from)
    if refused:
        with pytest.raises(PublicationRefused, match="before the period"):
            check_publication(book=book, version=new, charged_upto=TODAY, today=TODAY)
    else:
        check_publication(book=book, version=new, charged_upto=TODAY, today=TODAY)


def test_a_version_that_does_not_fit_the_others_is_refused() -> None:
    other = version(DEARER, valid_from="2026-07-01", cycle="{months: 2}")
    with pytest.raises(PublicationRefused, match="tariff of its own"):
        check_publication(book=BOOK, version=other, charged_upto=TODAY, today=TODAY)


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        (FLAT, {}, "nothing is corrected"),
        (DEARER, {"valid_from": "2026-02-01"}, "no version from 2026-02-01.*: 2026-01-01"),
        (DEARER, {"cycle": "{months: 2}"}, "another cycle"),
        (DEARER, {"time_of_use": "{slots: [{name: all}]}"}, "other times of use"),
        (DEARER, {}, ""),
        (DEARER, {"prorate": "true"}, ""),
    ],
)
def test_what_may_be_corrected(text: str, more: dict[str, str], said: str) -> None:
    new = version(text, **more)
    if said:
        with pytest.raises(PublicationRefused, match=said):
            check_correction(book=BOOK, version=new)
    else:
        assert check_correction(book=BOOK, version=new).versions == (new,)


@pytest.mark.parametrize(("field", "other"), [("currency", "XXX"), ("timezone", "Europe/Rome")])
def test_what_lasts_is_not_corrected(field: str, other: str) -> None:
    new = version(DEARER).model_copy(update={field: other})
    with pytest.raises(PublicationRefused, match=f"another {field}"):
        check_correction(book=BOOK, version=new)


def test_the_impact_of_some_and_of_others_is_that_of_all() -> None:
    some = [
        Touched(
            account_id=str(n),
            balance_micro=n,
            charge_micro=5,
            new_charge_micro=2 * n,
            apart_micro=n,
        )
        for n in range(9)
    ]
    assert impact_of(some).apart_micro == sum(range(9))
    assert impact_of(some[:4]) + impact_of(some[4:]) == impact_of(some)


@pytest.mark.parametrize(
    ("accounts", "negative", "second"),
    [(100, 1, False), (100, 2, True), (99, 1, True), (20_000, 100, False), (20_000, 101, True)],
)
def test_much_harm_needs_a_second_person(accounts: int, negative: int, second: bool) -> None:
    impact = impact_of(
        Touched(
            account_id=str(number),
            balance_micro=5 if number < negative else 50,
            charge_micro=100,
            new_charge_micro=110,
        )
        for number in range(accounts)
    )
    assert impact.needs_second_person is second
    assert (impact.dearer, impact.cheaper, impact.difference_micro) == (accounts, 0, 10 * accounts)
    assert len(impact.newly_negative) == negative


def test_who_was_negative_already_is_not_newly_so() -> None:
    touched = Touched(account_id="1", balance_micro=-1, charge_micro=0, new_charge_micro=5)
    assert impact_of([touched]).newly_negative == ()


def test_what_is_owed_apart_takes_nobody_below_zero() -> None:
    touched = Touched(
        account_id="1", balance_micro=3, charge_micro=0, new_charge_micro=5, apart_micro=2
    )
    assert touched.new_balance_micro == 0
    assert impact_of([touched]).newly_negative == ()

"""What a meter is told of keys, by tables; the bytes that are signed, by vectors; and a whole
rotation as a meter follows it, for any order of what is lost on the way."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.command_keys.refusals import KeyRefused, UnknownKeyId
from prepay_ledger.command_keys.rules import (
    SETTLES_IN,
    check_add,
    check_retire,
    known,
    signing_key,
    to_tell,
)
from prepay_ledger.command_keys.values import Asked, CommandKey, Keys, MeterKeys, Missing, ToTell
from prepay_ledger.facts.values import Decided
from prepay_ledger.relays.signing import CommandSigner, claims_of
from prewatt_common.contracts.base import KeyAction, RelayAction
from prewatt_common.contracts.mqtt_v1 import CommandClaims, KeyClaims
from prewatt_common.refusals import NeedsSecondPerson
from prewatt_simulator.commands import CommandKeys, Refusal, SignedKey

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AGAIN = timedelta(hours=1)
LONG_AGO = NOW - timedelta(days=1)


def decided(by: str = "ann") -> Decided:
    return Decided(by=by, reason="r", at=NOW)


def key(key_id: str, *, rolled: bool = True, retired: bool = False) -> CommandKey:
    return CommandKey(
        key_id=key_id,
        public_key="",
        added=decided(),
        rolled=decided() if rolled else None,
        retired=decided() if retired else None,
    )


NONE = Keys(all=[])
ALONE = Keys(all=[key("k1")])
ADDED = Keys(all=[key("k1"), key("k2", rolled=False)])
ROLLED = Keys(all=[key("k1"), key("k2")])
RETIRED = Keys(all=[key("k1", retired=True), key("k2")])
SECOND = Keys(all=[key("k1", retired=True), key("k2"), key("k3")])


def add(key_id: str, by: str | None) -> ToTell:
    return ToTell(action=KeyAction.ADD, key_id=key_id, signed_by=by)


def drop(key_id: str, by: str) -> ToTell:
    return ToTell(action=KeyAction.DROP, key_id=key_id, signed_by=by)


def meter(*held: str, since: datetime = LONG_AGO, asked: Asked | None = None) -> MeterKeys:
    return MeterKeys(meter_id="m", held=dict.fromkeys(held, since), asked=asked)


@pytest.mark.parametrize(
    ("keys", "held", "told", "signs"),
    [
        (NONE, (), None, None),
        (ALONE, (), None, None),
        (ADDED, (), None, None),
        (ADDED, ("k1",), None, "k1"),
        (ROLLED, (), add("k2", None), None),
        (ROLLED, ("k1",), add("k2", "k1"), "k1"),
        (ROLLED, ("k1", "k2"), None, "k2"),
        (RETIRED, ("k1", "k2"), drop("k1", "k2"), "k2"),
        (RETIRED, ("k2",), None, "k2"),
        # Installed after the retirement, and made with the old key; or still with it alone.
        (RETIRED, (), add("k2", None), None),
        (RETIRED, ("k1",), add("k2", None), None),
        (SECOND, ("k2",), add("k3", "k2"), "k2"),
        # It never dropped k1: it does by taking k3, as a meter holds two.
        (SECOND, ("k1", "k2"), add("k3", "k2"), "k2"),
        (SECOND, ("k2", "k3"), None, "k3"),
    ],
)
def test_what_a_meter_is_told_and_what_signs_for_it(
    keys: Keys, held: tuple[str, ...], told: ToTell | None, signs: str | None
):
    assert to_tell(keys, meter(*held), again=AGAIN, now=NOW) == told
    assert signing_key(keys, frozenset(held)) == signs


@pytest.mark.parametrize(
    ("ago", "key_id", "told"),
    [
        (AGAIN - timedelta(seconds=1), "k2", None),
        (AGAIN, "k2", add("k2", None)),
        # It was told of another key before.
        (timedelta(0), "k0", add("k2", None)),
    ],
)
def test_who_was_told_lately_is_told_again_later(ago: timedelta, key_id: str, told: ToTell | None):
    asked = Asked(sequence=1, action=KeyAction.ADD, key_id=key_id, asked_at=NOW - ago)
    assert to_tell(ROLLED, meter(asked=asked), again=AGAIN, now=NOW) == told


def test_a_key_is_dropped_only_once_what_it_signed_has_arrived():
    fresh = meter("k1", "k2", since=NOW - SETTLES_IN + timedelta(milliseconds=1))
    assert to_tell(RETIRED, fresh, again=AGAIN, now=NOW) is None
    settled = meter("k1", "k2", since=NOW - SETTLES_IN)
    assert to_tell(RETIRED, settled, again=AGAIN, now=NOW) == drop("k1", "k2")


def nobody(serving: int = 5) -> Missing:
    return Missing(serving=serving, missing=0, first=())


def test_a_key_is_retired_when_every_meter_that_serves_has_the_next():
    some = Missing(serving=300, missing=12, first=[f"m-{n:02d}" for n in range(10)])
    with pytest.raises(KeyRefused, match=r"12 of 300 meters .* key k2: m-00, .*m-09, \.\.\."):
        check_retire(ROLLED, ROLLED.all[0], some, decided("bob"))
    with pytest.raises(NeedsSecondPerson, match="somebody else than ann"):
        check_retire(ROLLED, ROLLED.all[0], nobody(), decided("ann"))
    assert check_retire(ROLLED, ROLLED.all[0], nobody(), decided("bob")).key_id == "k2"


@pytest.mark.parametrize(("keys", "place"), [(ALONE, 0), (ADDED, 0), (ADDED, 1), (ROLLED, 1)])
def test_the_key_that_meters_are_left_with_is_not_retired(keys: Keys, place: int):
    with pytest.raises(KeyRefused, match="no newer key"):
        check_retire(keys, keys.all[place], nobody(), decided("bob"))


def test_a_third_key_waits_and_a_retired_one_does_not_come_back():
    check_add(ALONE, "k2")
    check_add(RETIRED, "k3")
    with pytest.raises(KeyRefused, match="k1 and k2 stand: retire the older one"):
        check_add(ROLLED, "k3")
    with pytest.raises(KeyRefused, match="does not come back"):
        check_add(RETIRED, "k1")
    with pytest.raises(UnknownKeyId, match="no command key k9"):
        known(ROLLED, "k9")


def pem(seed: int) -> str:
    """Of the private key whose 32 bytes are all ``seed``: the vectors below are for ever."""
    made = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


SIGNER = CommandSigner({"k1": pem(1), "k2": pem(2)}, first="k1")
COMMAND = claims_of(
    command_id=UUID(int=7),
    meter_id="m",
    action=RelayAction.DISCONNECT,
    sequence=9,
    issued_at=NOW,
    expires_at=NOW + timedelta(seconds=60),
)


def key_claims(action: KeyAction, *, key_id: str, sequence: int) -> KeyClaims:
    return KeyClaims(
        meter_id="m",
        action=action,
        key_id=key_id,
        public_key=SIGNER.public_key(key_id) if action is KeyAction.ADD else "",
        sequence=sequence,
        issued_at=NOW,
    )


VECTORS = {
    "command by k1": (
        "eyJhbGciOiJFZERTQSIsImtpZCI6ImsxIn0."
        "eyJjb21tYW5kX2lkIjoiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDA3IiwibWV0ZXJf"
        "aWQiOiJtIiwiYWN0aW9uIjoiZGlzY29ubmVjdCIsInNlcXVlbmNlIjo5LCJpc3N1ZWRfYXQiOiIyMDI2"
        "LTAzLTAxVDEyOjAwOjAwWiIsImV4cGlyZXNfYXQiOiIyMDI2LTAzLTAxVDEyOjAxOjAwWiIsIm5vdF9h"
        "ZnRlciI6IjIwMjYtMDMtMDFUMTI6MDE6MDBaIiwibGltaXRfdyI6bnVsbCwiY29kZXNfZnJvbSI6MH0."
        "PHwG3YgJEqqIX_l4_8jyqPSPvxIERxc5yiwKun3DVS7jzq-a81pyYWPkziDDksqBY0j5PW8nvFtoLMiltt_UCQ"
    ),
    "command by k2": (
        "eyJhbGciOiJFZERTQSIsImtpZCI6ImsyIn0."
        "eyJjb21tYW5kX2lkIjoiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDA3IiwibWV0ZXJf"
        "aWQiOiJtIiwiYWN0aW9uIjoiZGlzY29ubmVjdCIsInNlcXVlbmNlIjo5LCJpc3N1ZWRfYXQiOiIyMDI2"
        "LTAzLTAxVDEyOjAwOjAwWiIsImV4cGlyZXNfYXQiOiIyMDI2LTAzLTAxVDEyOjAxOjAwWiIsIm5vdF9h"
        "ZnRlciI6IjIwMjYtMDMtMDFUMTI6MDE6MDBaIiwibGltaXRfdyI6bnVsbCwiY29kZXNfZnJvbSI6MH0."
        "vGD896pumzbTc-vYzUxJwVbGjkpapRekR1qBthlDy9OXtyyBbAoudHtyc2GthldCKz_yYXChrZk_aHzgmXJGBg"
    ),
    "add k2 by k1": (
        "eyJhbGciOiJFZERTQSIsImtpZCI6ImsxIiwidHlwIjoicHJld2F0dC1rZXkifQ."
        "eyJtZXRlcl9pZCI6Im0iLCJhY3Rpb24iOiJhZGQiLCJrZXlfaWQiOiJrMiIsInB1YmxpY19rZXkiOiJn"
        "VGwzRHFoOUYxOVdvMVJtdzB4LXpNdU5pcEcwN2plaVhmWVBXNF9KczVRIiwic2VxdWVuY2UiOjEsImlz"
        "c3VlZF9hdCI6IjIwMjYtMDMtMDFUMTI6MDA6MDBaIn0."
        "vLmyDkz1gbLBOPCifyfqat3lRpnUOFnSC97eFnbf8g9J9YR8rir5YRFeoBjz6_LfOgYcYekKUCuaaNOErJjbDQ"
    ),
    "drop k1 by k2": (
        "eyJhbGciOiJFZERTQSIsImtpZCI6ImsyIiwidHlwIjoicHJld2F0dC1rZXkifQ."
        "eyJtZXRlcl9pZCI6Im0iLCJhY3Rpb24iOiJkcm9wIiwia2V5X2lkIjoiazEiLCJwdWJsaWNfa2V5Ijoi"
        "Iiwic2VxdWVuY2UiOjIsImlzc3VlZF9hdCI6IjIwMjYtMDMtMDFUMTI6MDA6MDBaIn0."
        "V_hoqzjqxY0snNGegJzLUV-0vM4BoAq3mSCILTvazAPSAPMqduRYAeerRrpkBlcRDYVzwKqk9gEu46aIDqXVDw"
    ),
}
"""Header, payload and signature, made once: a change of what is signed is seen here."""


@pytest.mark.parametrize("name", VECTORS)
def test_the_bytes_that_are_signed_stay_as_they_are(name: str):
    made = {
        "command by k1": SIGNER.sign(COMMAND),
        "command by k2": SIGNER.sign(COMMAND, key_id="k2"),
        "add k2 by k1": SIGNER.sign_key(
            key_claims(KeyAction.ADD, key_id="k2", sequence=1), key_id=None
        ),
        "drop k1 by k2": SIGNER.sign_key(
            key_claims(KeyAction.DROP, key_id="k1", sequence=2), key_id="k2"
        ),
    }
    assert made[name] == VECTORS[name]


def burnt_in() -> CommandKeys:
    return CommandKeys.of_raw({"k1": SIGNER.public_key("k1")})


def test_a_key_message_is_no_command_and_a_command_no_key_message():
    keys = burnt_in()
    assert isinstance(keys.check(SIGNER.sign(COMMAND).encode()), CommandClaims)
    message = SIGNER.sign_key(key_claims(KeyAction.ADD, key_id="k2", sequence=1), key_id="k1")
    assert isinstance(keys.check(message.encode()), SignedKey)
    # The same claims without the type in the header, and the other way round.
    as_command = SIGNER.sign(key_claims(KeyAction.ADD, key_id="k2", sequence=1))
    assert isinstance(keys.check(as_command.encode()), Refusal)
    as_message = SIGNER.sign_key(COMMAND, key_id="k1")
    assert isinstance(keys.check(as_message.encode()), Refusal)


def test_a_message_by_the_new_key_alone_is_refused():
    message = SIGNER.sign_key(key_claims(KeyAction.ADD, key_id="k2", sequence=1), key_id="k2")
    refusal = burnt_in().check(message.encode())
    assert isinstance(refusal, Refusal)
    assert refusal.unknown_key


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["message lost", "word lost", "fine"]),
            st.sampled_from([0, 60, 7200]),
        ),
        max_size=30,
    )
)
def test_a_meter_can_check_what_is_signed_for_it_whatever_is_lost(
    steps: list[tuple[str, int]],
):
    """Of a rotation to k2 that ends in k1 being dropped: at every moment the key that the ledger
    signs with is one that the meter holds; and at rest it holds k2 alone."""
    truth, sequence, now = burnt_in(), 0, NOW
    known_of: dict[str, datetime] = {}
    asked: Asked | None = None
    keys = ROLLED
    for what, wait_s in [*steps, *[("fine", 7200)] * 4]:
        if "k2" in known_of:
            keys = RETIRED
        now += timedelta(seconds=wait_s)
        told = to_tell(
            keys, MeterKeys(meter_id="m", held=known_of, asked=asked), again=AGAIN, now=now
        )
        if told is not None:
            sequence += 1
            asked = Asked(sequence=sequence, action=told.action, key_id=told.key_id, asked_at=now)
            claims = key_claims(told.action, key_id=told.key_id, sequence=sequence)
            signed = SIGNER.sign_key(claims, key_id=told.signed_by)
            if what != "message lost":
                checked = truth.check(signed.encode())
                assert isinstance(checked, SignedKey)
                truth = truth.after(checked)
                if what != "word lost":
                    known_of = {each: known_of.get(each, now) for each in truth.told}
        by = signing_key(keys, frozenset(known_of)) or SIGNER.first
        assert by in truth.told
    assert truth.told == ("k2",)

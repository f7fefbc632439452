"""Field :86: of MT940, of which each country has made something else."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from prepay_ledger.bank_files.values import GERMAN_RETURNS, TEXT_CHARACTERS_MAX

_NUMBERED = re.compile(r"[0-9]{3}([?~^<>])(?=[0-9]{2})")
"""A code and numbered fields. Germany's banks part them by ``?``, others in Europe by ``~`` etc."""
_WORDS = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|RREF|COAM|OAMT|IBAN|BIC)\+")
_SLASHED = re.compile(
    r"/(EREF|PREF|MARF|CSID|REMI|ORDP|BENM|CNTP|TRTP|IBAN|BIC|NAME|RTRN|PURP|ISDT|SVCL|CD|"
    r"TR|ID|USTD|STRD|CUR)(?=/)"
)
_REMITTANCE = frozenset(map(str, (*range(20, 30), *range(60, 64))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the field says."""

    remittance: str
    structured: str = ""
    end_to_end_id: str = ""
    other_party: str = ""
    is_return: bool = False


def read_text(lines: Sequence[str]) -> Told:
    """Of any dialect: what is not known is remittance text as a whole."""
    whole = "".join(lines)
    numbered = _NUMBERED.match(whole)
    if numbered:
        return _german(whole, parted_by=numbered[1])
    if _SLASHED.match(whole):
        return _slashed(whole)
    if _WORDS.match(whole):
        return _in_words(whole)
    return Told(remittance=" ".join(" ".join(lines).split())[:TEXT_CHARACTERS_MAX])


def _german(whole: str, *, parted_by: str) -> Told:
    code, rest = whole[:3], whole[3:]
    fields: dict[str, str] = {}
    for part in rest.split(parted_by):
        if part[:2].isdecimal():
            fields[part[:2]] = fields.get(part[:2], "") + part[2:]
    lines = [fields[name] for name in sorted(fields) if name in _REMITTANCE]
    remittance = "".join(lines)
    words = _split(_WORDS, remittance)
    text = words.get("SVWZ", "") if words else " ".join(lines)
    return Told(
        remittance=" ".join(text.split())[:TEXT_CHARACTERS_MAX],
        end_to_end_id=_reference(words.get("EREF", "")),
        other_party=(fields.get("32", "") + fields.get("33", "")).strip(),
        is_return=code in GERMAN_RETURNS,
    )


def _in_words(whole: str) -> Told:
    """SEPA's words without numbered fields."""
    words = _split(_WORDS, whole)
    return Told(
        remittance=" ".join(words.get("SVWZ", "").split())[:TEXT_CHARACTERS_MAX],
        end_to_end_id=_reference(words.get("EREF", "")),
        other_party=words.get("ABWA", "").strip(),
        is_return="RREF" in words,
    )


def _slashed(whole: str) -> Told:
    words = _split(_SLASHED, whole)
    # The reference of SEPA: /REMI/STRD/CUR/RF18.../
    structured = words.get("CUR", "") if "STRD" in words else ""
    text = words.get("USTD", "") or words.get("REMI", "")
    return Told(
        remittance=" ".join(text.strip("/").split())[:TEXT_CHARACTERS_MAX],
        structured=structured.strip("/ "),
        end_to_end_id=_reference(words.get("EREF", "")),
        other_party=words.get("NAME", "").strip("/ "),
        is_return="RTRN" in words,
    )


def _split(names: re.Pattern[str], text: str) -> dict[str, str]:
    """What follows each name, up to the next one; the first of each name."""
    found = list(names.finditer(text))
    ends = [*(each.start() for each in found[1:]), len(text)][: len(found)]
    words: dict[str, str] = {}
    for each, end in zip(found, ends, strict=True):
        words.setdefault(each[1], text[each.end() : end])
    return words


def _reference(text: str) -> str:
    plain = text.strip("/ ")
    return "" if plain.upper() in {"NOTPROVIDED", "NONREF"} else plain

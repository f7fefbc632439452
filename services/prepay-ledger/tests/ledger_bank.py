"""Banks' files for tests: small, and as banks write them."""

from collections.abc import Sequence
from decimal import Decimal

ACCOUNT = "DE02120300000000202051"
CAMT_053 = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"


def details(
    *,
    e2e: str = "NOTPROVIDED",
    text: str = "",
    structured: str = "",
    amount: str = "",
    ref: str = "",
    more: str = "",
    ccy: str = "EUR",
) -> str:
    """A TxDtls, with what is given."""
    refs = (f"<AcctSvcrRef>{ref}</AcctSvcrRef>" if ref else "") + f"<EndToEndId>{e2e}</EndToEndId>"
    paid = f'<AmtDtls><TxAmt><Amt Ccy="{ccy}">{amount}</Amt></TxAmt></AmtDtls>' if amount else ""
    strd = f"<Strd><CdtrRefInf><Ref>{structured}</Ref></CdtrRefInf></Strd>" if structured else ""
    ustrd = f"<Ustrd>{text}</Ustrd>" if text else ""
    return (
        f"<TxDtls><Refs>{refs}</Refs>{paid}<RltdPties><Dbtr><Nm>Li Wei</Nm></Dbtr></RltdPties>"
        f"<RmtInf>{ustrd}{strd}</RmtInf>{more}</TxDtls>"
    )


def entry(
    amount: str,
    *,
    sign: str = "CRDT",
    ref: str = "",
    day: str = "2026-03-02",
    status: str = "<Sts>BOOK</Sts>",
    tx: Sequence[str] = (),
    more: str = "",
    batch: int = 0,
    ccy: str = "EUR",
) -> str:
    """A Ntry."""
    known = f"<AcctSvcrRef>{ref}</AcctSvcrRef>" if ref else ""
    said = f"<Btch><NbOfTxs>{batch}</NbOfTxs></Btch>" if batch else ""
    inside = f"<NtryDtls>{said}{''.join(tx)}</NtryDtls>" if tx or batch else ""
    return (
        f'<Ntry><Amt Ccy="{ccy}">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{status}'
        f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>{known}{more}{inside}"
        "</Ntry>"
    )


def camt(
    *entries: str,
    opening: str | None = None,
    closing: str | None = None,
    account: str = ACCOUNT,
    namespace: str = CAMT_053,
    number: str = "S1",
    more: str = "",
    ccy: str = "EUR",
    closed_on: str = "",
) -> bytes:
    """A file of one statement."""
    kinds = {"053": ("BkToCstmrStmt", "Stmt"), "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn")}
    outer, inner = kinds.get(
        namespace.rsplit("camt.", maxsplit=1)[-1][:3], ("BkToCstmrAcctRpt", "Rpt")
    )
    balances = "".join(
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{ccy}">{abs(Decimal(amount))!s}</Amt>'
        f"<CdtDbtInd>{'DBIT' if amount.startswith('-') else 'CRDT'}</CdtDbtInd>"
        f"{f'<Dt><Dt>{closed_on}</Dt></Dt>' if closed_on and code == 'CLBD' else ''}</Bal>"
        for code, amount in (("OPBD", opening), ("CLBD", closing))
        if amount is not None
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{namespace}"><{outer}>'
        f"<GrpHdr><MsgId>M1</MsgId></GrpHdr><{inner}><Id>{number}</Id>{more}<Acct><Id>"
        f"<IBAN>{account}</IBAN></Id><Ccy>{ccy}</Ccy></Acct>{balances}{''.join(entries)}</{inner}>"
        f"</{outer}></Document>"
    ).encode()


def mt940(
    *lines: str, opening: str, closing: str, account: str = ACCOUNT, number: str = "1/1"
) -> str:
    """A statement; ``lines``: fields :61: and :86: as they stand."""
    body = "\r\n".join(lines)
    return (
        f":20:REF\r\n:25:{account}\r\n:28C:{number}\r\n:60F:C260301EUR{opening}\r\n{body}\r\n"
        f":62F:C260302EUR{closing}\r\n-\r\n"
    )

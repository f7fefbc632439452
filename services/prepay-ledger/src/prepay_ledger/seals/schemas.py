"""Seals and proofs as the API gives them."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from prepay_ledger.seals.values import Proof, Seal

Hexadecimal = Annotated[str, Field(pattern=r"^[0-9a-f]*$")]


class SealOut(BaseModel):
    """A closed day. ``head`` is the SHA-256 of ``body``, canonical JSON with the Merkle root and
    row count of every table, what the day moved, and the head before."""

    day: date
    previous: Hexadecimal
    head: Hexadecimal
    body: str

    @staticmethod
    def of(seal: Seal) -> "SealOut":
        """As it is shown."""
        return SealOut(
            day=seal.day, previous=seal.previous.hex(), head=seal.head.hex(), body=seal.body
        )


class ProofOut(BaseModel):
    """That ``row`` is leaf ``number`` (from 0) of ``count`` of its table's tree, whose root is in
    the seal's body: SHA-256 as RFC 9162 has it, ``proof`` from the leaf's neighbour upward."""

    day: date
    table: str
    row: str
    leaf: Hexadecimal
    number: int
    count: int
    proof: list[Hexadecimal]
    root: Hexadecimal
    head: Hexadecimal

    @staticmethod
    def of(proof: Proof) -> "ProofOut":
        """As it is shown."""
        return ProofOut(
            day=proof.day,
            table=proof.table,
            row=proof.row,
            leaf=proof.leaf.hex(),
            number=proof.number,
            count=proof.count,
            proof=[each.hex() for each in proof.path],
            root=proof.root.hex(),
            head=proof.head.hex(),
        )

"""Slips as answers over HTTP."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi.responses import Response

from prepay_ledger.paper.pdf import slip_pdf
from prepay_ledger.paper.values import Slip

_PDF = "application/pdf"
PDF_ANSWER: dict[int | str, dict[str, Any]] = {HTTPStatus.OK: {"content": {_PDF: {}}}}
"""For the OpenAPI document."""


@dataclass(frozen=True, slots=True)
class Paper:
    """``issuer``: whose paper it is, where nobody else hands it out; ``font_file``: as in
    `slip_pdf`."""

    issuer: str
    font_file: Path | None = None

    async def answer(self, slip: Slip) -> Response:
        """As PDF; beside the loop, because a code takes a tenth of a second."""
        pdf = await asyncio.to_thread(slip_pdf, slip, font_file=self.font_file)
        return Response(pdf, media_type=_PDF)

"""A slip as PDF, 80 mm wide and as long as it is: a roll's printer prints it, a phone shows it.

Without a font file, Western text is set in Helvetica and everything else in STSong: fonts that
every reader of PDF has or stands in for (PDF 32000-1, 9.6.2.2; Adobe-GB1), so none is in the file.
With one, everything is set in it, and what is used of it is in the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from itertools import groupby
from pathlib import Path

import segno
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from prepay_ledger.paper.values import Block, Line, Slip, Weight

_WIDTH = 80 * mm
_MARGIN = 5 * mm
_INNER = _WIDTH - 2 * _MARGIN
_INDENT = 3 * mm
_LEADING = 1.45
_SMALL, _BODY, _TITLE, _STRONG = 7.5, 9.0, 12.0, 14.0
_GREY, _BLACK, _RED = 0.38, 0.0, (0.75, 0.1, 0.1)
_ONLY = "PrewattPaper"
_MISSING = "〓"
"""The mark that a printer sets for a character that it has not got (U+3013)."""


class Unprintable(ValueError):
    """The font file is none that can be put into a PDF."""


@cache
def load_font(file: Path) -> str:
    """Have it at hand under a name. Raises `Unprintable`: no TrueType outlines, no such file."""
    try:
        pdfmetrics.registerFont(TTFont(_ONLY, file))  # pyright: ignore[reportUnknownMemberType]
    except Exception as error:  # the library raises errors of many kinds, struct's among them
        message = f"{file}: no TrueType font: {error}"
        raise Unprintable(message) from error
    return _ONLY


@cache
def _have_song() -> None:
    song = UnicodeCIDFont("STSong-Light")
    pdfmetrics.registerFont(song)  # pyright: ignore[reportUnknownMemberType]


@dataclass(frozen=True, slots=True)
class _Face:
    """A font, and whether it has the character."""

    name: str

    def has(self, character: str) -> bool:
        font = pdfmetrics.getFont(self.name)
        if isinstance(font, TTFont):
            return ord(character) in font.face.charToGlyph
        if isinstance(font, UnicodeCIDFont):
            return ord(character) <= 0xFFFF
        return bool(character.encode("cp1252", "ignore"))


@dataclass(frozen=True, slots=True)
class _Run:
    """Characters of one font."""

    font: str
    text: str

    def width(self, size: float) -> float:
        return pdfmetrics.stringWidth(self.text, self.font, size)


class _Type:
    """Text set in the fonts that have its characters."""

    def __init__(self, font_file: Path | None) -> None:
        if font_file is not None:
            self._plain = self._bold = [_Face(load_font(font_file))]
            return
        _have_song()
        self._plain = [_Face("Helvetica"), _Face("STSong-Light")]
        self._bold = [_Face("Helvetica-Bold"), _Face("STSong-Light")]

    def runs(self, text: str, *, bold: bool = False) -> Sequence[_Run]:
        faces = self._bold if bold else self._plain

        def set_in(character: str) -> tuple[str, str]:
            for face in faces:
                if face.has(character):
                    return face.name, character
            return faces[-1].name, _MISSING if faces[-1].has(_MISSING) else "?"

        placed = [set_in(character) for character in text]
        return [
            _Run(font, "".join(character for _, character in of_it))
            for font, of_it in groupby(placed, key=lambda each: each[0])
        ]

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        return sum(run.width(size) for run in self.runs(text, bold=bold))

    def wrapped(
        self, text: str, size: float, *, within: float, bold: bool = False
    ) -> Sequence[str]:
        """Cut where a line is full: at the last space on it, or where there is none."""
        lines = [""]
        for each in text:
            if self.width(lines[-1] + each, size, bold=bold) <= within:
                lines[-1] += each
            elif " " in lines[-1].strip() and each != " ":
                head, _, tail = lines[-1].rpartition(" ")
                lines[-1:] = [head, tail + each]
            else:
                lines.append(each.strip())
        return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """A piece of text, ``down`` from the paper's upper edge; ``x``: its left edge."""

    x: float
    down: float
    runs: Sequence[_Run]
    size: float
    colour: tuple[float, float, float]


def slip_pdf(slip: Slip, *, font_file: Path | None = None) -> bytes:
    """The same slip gives the same bytes. Raises `Unprintable`."""
    setter = _Setter(_Type(font_file))
    setter.head(slip)
    for block in slip.blocks:
        setter.block(block)
    setter.foot(slip)
    return setter.drawn(title=f"{slip.title}, {slip.issuer}", language=slip.language)


class _Setter:
    """Goes down the paper; how long that is shows at the end."""

    def __init__(self, type_: _Type) -> None:
        self._type = type_
        self._down = _MARGIN
        self._texts: list[_Text] = []
        self._rules: list[float] = []
        self._codes: list[tuple[float, float, str]] = []

    def head(self, slip: Slip) -> None:
        self._centred(slip.issuer, _BODY, grey=True)
        self._centred(slip.title, _TITLE, bold=True)
        if slip.mark:
            self._centred(slip.mark, _STRONG, bold=True, colour=_RED)

    def block(self, block: Block) -> None:
        self._rule()
        if block.mark:
            self._centred(block.mark, _BODY, bold=True, colour=_RED)
        for line in block.lines:
            self._line(line)

    def foot(self, slip: Slip) -> None:
        self._rule()
        if slip.code is not None:
            side = min(_INNER, 62 * mm)
            self._codes.append(((_WIDTH - side) / 2, self._down, slip.code))
            self._down += side
            self._centred(slip.code_says, _SMALL, grey=True)
        self._centred(slip.closing, _SMALL, grey=True)

    def drawn(self, *, title: str, language: str) -> bytes:
        height = self._down + _MARGIN
        file = BytesIO()
        canvas = Canvas(file, pagesize=(_WIDTH, height), invariant=True, lang=language)
        canvas.setTitle(title)
        canvas.setCreator("Prewatt")
        canvas.setLineWidth(0.4)
        canvas.setStrokeColorRGB(*_grey(0.7))
        for down in self._rules:
            canvas.line(_MARGIN, height - down, _WIDTH - _MARGIN, height - down)
        for text in self._texts:
            _draw(canvas, text, height=height)
        for x, down, code in self._codes:
            side = _WIDTH - 2 * x
            _draw_code(canvas, code, x=x, top=height - down, side=side)
        canvas.showPage()
        canvas.save()
        return file.getvalue()

    def _line(self, line: Line) -> None:
        strong = line.weight is Weight.STRONG
        size = _STRONG if strong else _BODY
        left = _MARGIN + (_INDENT if line.weight is Weight.PART else 0)
        room = _WIDTH - _MARGIN - left
        name = self._type.width(line.name, _BODY)
        value = self._type.width(line.value, size, bold=strong)
        baseline = self._down + size * _LEADING
        if name + value + 2 * mm <= room:
            self._put(line.name, _BODY, x=left, down=baseline, grey=True)
            self._to_the_right(line.value, size, down=baseline, bold=strong)
            self._down = baseline
            return
        for part in self._type.wrapped(line.name, _BODY, within=room):
            self._down += _BODY * _LEADING
            self._put(part, _BODY, x=left, down=self._down, grey=True)
        for part in self._type.wrapped(line.value, size, within=_INNER, bold=strong):
            self._down += size * _LEADING
            self._to_the_right(part, size, down=self._down, bold=strong)

    def _to_the_right(self, text: str, size: float, *, down: float, bold: bool) -> None:
        x = _WIDTH - _MARGIN - self._type.width(text, size, bold=bold)
        self._put(text, size, x=x, down=down, bold=bold)

    def _centred(
        self,
        text: str,
        size: float,
        *,
        bold: bool = False,
        grey: bool = False,
        colour: tuple[float, float, float] | None = None,
    ) -> None:
        for part in self._type.wrapped(text, size, within=_INNER, bold=bold):
            self._down += size * _LEADING
            x = (_WIDTH - self._type.width(part, size, bold=bold)) / 2
            self._put(part, size, x=x, down=self._down, bold=bold, grey=grey, colour=colour)

    def _rule(self) -> None:
        self._rules.append(self._down + 2.2 * mm)
        self._down += 3 * mm

    def _put(
        self,
        text: str,
        size: float,
        *,
        x: float,
        down: float,
        bold: bool = False,
        grey: bool = False,
        colour: tuple[float, float, float] | None = None,
    ) -> None:
        runs = self._type.runs(text, bold=bold)
        colour = colour or _grey(_GREY if grey else _BLACK)
        self._texts.append(_Text(x=x, down=down, runs=runs, size=size, colour=colour))


def _draw(canvas: Canvas, text: _Text, *, height: float) -> None:
    canvas.setFillColorRGB(*text.colour)
    x = text.x
    for run in text.runs:
        canvas.setFont(run.font, text.size)
        canvas.drawString(x, height - text.down, run.text)
        x += run.width(text.size)


def _draw_code(canvas: Canvas, code: str, *, x: float, top: float, side: float) -> None:
    """As a QR code with as many bits as fit: a signature is long, and printed paper is clean."""
    rows = list(segno.make_qr(code, error="l", boost_error=False).matrix_iter(border=2))
    module = side / len(rows)
    path = canvas.beginPath()
    for number, row in enumerate(rows):
        column = 0
        for dark, of_it in groupby(row):
            wide = len(list(of_it))
            if dark:
                left, low = x + column * module, top - (number + 1) * module
                path.rect(left, low, wide * module, module)  # pyright: ignore[reportUnknownMemberType]
            column += wide
    canvas.setFillColorRGB(*_grey(_BLACK))
    canvas.drawPath(path, stroke=0, fill=1)  # pyright: ignore[reportUnknownMemberType]


def _grey(level: float) -> tuple[float, float, float]:
    return (level, level, level)

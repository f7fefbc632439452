"""How a text is coded."""

from notifier.channels.segments import Alphabet

CODINGS = {Alphabet.GSM: "0", Alphabet.UCS2: "2"}
"""Kannel's ``coding``."""

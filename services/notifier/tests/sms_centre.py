"""An SMS centre on node-smpp as a process of its own, and what it has taken."""

import asyncio
import json
import os
import secrets
import subprocess
import time
from pathlib import Path

import pytest

from notifier.channels.gsm import gsm_octets, is_gsm
from prewatt_devstack.ports import free_ports

_SCRIPT = Path(__file__).parent / "smsc" / "centre.js"
_MODULES = Path(__file__).parents[3] / ".tools" / "smsc" / "node_modules"
_WAIT_S = 20.0


class SmsCentre:
    """``tell`` says what it shall answer to a number, ``said`` is what it tells."""

    def __init__(self, folder: Path) -> None:
        if not (_MODULES / "smpp").exists():
            pytest.fail("no node-smpp: run tools/setup.sh test")
        self.port = free_ports(1)[0]
        self.system_id = "prewatt"
        self.password = secrets.token_hex(4)
        self._log = folder / "centre.log"
        self._process: subprocess.Popen | None = None

    async def start(self) -> None:
        seen = len(self._lines("listening"))
        self._spawn()
        await self._until(lambda: len(self._lines("listening")) > seen)

    def _spawn(self) -> None:
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                ["node", str(_SCRIPT), str(self.port), self.system_id, self.password],
                stdin=subprocess.PIPE,
                stdout=output,
                env=os.environ | {"NODE_PATH": str(_MODULES)},
            )

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    async def tell(self, **command) -> None:
        """Until it has heard."""
        assert self._process is not None
        assert self._process.stdin is not None
        heard = len(self._lines("told"))
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        self._process.stdin.flush()
        await self._until(lambda: len(self._lines("told")) > heard)

    async def receive(self, phone: str, octets: bytes, **more) -> None:
        """A phone writes to us; ``more`` are fields of the ``deliver_sm``."""
        pdu = {"source_addr_ton": 1, "source_addr": phone.removeprefix("+"), "hex": octets.hex()}
        await self.tell(receive=pdu | more)

    async def write(self, phone: str, text: str) -> None:
        """The same, in the alphabet of phones or in UCS-2, until we have answered the centre."""
        answered = len(self.answered())
        if is_gsm(text):
            await self.receive(phone, gsm_octets(text))
        else:
            await self.receive(phone, text.encode("utf-16-be"), data_coding=8)
        await self._until(lambda: len(self.answered()) > answered)

    def submitted(self, phone: str) -> list[dict]:
        """What was handed in for ``phone``, accepted or not."""
        return [line for line in self._lines("coding") if line["to"] == phone.removeprefix("+")]

    def bound(self) -> int:
        """How often somebody has bound."""
        return len(self._lines("bound"))

    def answered(self) -> list[int]:
        """How what it delivered was answered."""
        return [line["answered"] for line in self._lines("answered")]

    def unbound(self) -> int:
        return len(self._lines("unbound"))

    def _lines(self, key: str) -> list[dict]:
        if not self._log.exists():
            return []
        text = self._log.read_text("utf-8")
        lines = [json.loads(line) for line in text.splitlines() if line.endswith("}")]
        return [line for line in lines if key in line]

    async def _until(self, holds) -> None:
        until_s = time.monotonic() + _WAIT_S
        while not holds():
            assert time.monotonic() < until_s, self._log.read_text("utf-8")[-2000:]
            await asyncio.sleep(0.02)

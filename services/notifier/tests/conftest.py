"""The notifier as a process on the real Kafka and PostgreSQL, with real peers: an SMTP server and
Kannel's bearerbox, smsbox and fake SMS centre."""

import asyncio
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote_to_bytes
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiosmtpd.controller import Controller
from hook_receiver import Receiver
from sqlalchemy.engine import make_url

from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import Event
from prewatt_common.contracts.ledger_events_v1 import AccountOpened
from prewatt_common.contracts.topics import LEDGER_EVENTS, NOTICE_EVENTS
from prewatt_common.db.migrations import migrate
from prewatt_common.http.auth import issue_token
from prewatt_common.kafka.messages import Message, Source, header, partition_of
from prewatt_common.kafka.producer import Producer
from prewatt_devstack.ports import HOST, free_ports, listens

FAKE_SMSC = Path("/usr/lib/kannel/test/fakesmsc")
_WAIT_S = 40.0


async def until(
    holds: Callable[[], Awaitable[bool] | bool], *, what: str, timeout_s: float = _WAIT_S
) -> None:
    """Wait for what must come to hold."""
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                held = holds()
                if held if isinstance(held, bool) else await held:
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"not in {timeout_s:g} s: {what}")


@dataclass
class SmtpPeer:
    """An SMTP server that keeps what it accepted. ``answers``: recipient to the answer that it
    gets instead of 250. ``on_accepted`` is called after a mail is kept and before we say so."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    """On the envelope of each."""
    answers: dict[str, str] = field(default_factory=dict)
    on_accepted: Callable[[], None] | None = None
    delay_s: float = 0
    """Before it answers that it has a mail."""
    _controller: Controller | None = None

    def start(self) -> None:
        self._controller = Controller(self, hostname=HOST, port=self.port)
        self._controller.start()

    def stop(self) -> None:
        if self._controller:
            self._controller.stop()
            self._controller = None

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:  # noqa: N802
        answer = self.answers.get(address)
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.delay_s)
        self.senders.append(envelope.mail_from)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        if self.on_accepted:
            self.on_accepted()
        return "250 kept"

    def to(self, address: str) -> list[EmailMessage]:
        """The mails accepted for one recipient."""
        return [mail for mail in self.mails if mail["To"] == address]


class Kannel:
    """Kannel on free ports, and an SMS centre behind it whose terminal is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.password = secrets.token_hex(8)
        admin, boxes, self._smsc_port, self.sendsms_port = free_ports(4)
        self._config = folder / "kannel.conf"
        self._processes: list[subprocess.Popen] = []
        self._smsc_log = folder / "smsc.log"
        self._config.write_text(
            f"""
group = core
admin-port = {admin}
admin-password = {self.password}
smsbox-port = {boxes}
admin-interface = {HOST}
smsbox-interface = {HOST}
box-allow-ip = {HOST}
log-file = {folder}/bearerbox.log
access-log = {folder}/access.log
store-type = file
store-location = {folder}/store

group = smsc
smsc = fake
smsc-id = fake
port = {self._smsc_port}
connect-allow-ip = {HOST}

group = smsbox
bearerbox-host = {HOST}
sendsms-port = {self.sendsms_port}
sendsms-interface = {HOST}
log-file = {folder}/smsbox.log

group = sendsms-user
username = prewatt
password = {self.password}
max-messages = 4
concatenation = true
black-list-regex = "666$"

group = sms-service
keyword = default
text = ""
""",
            encoding="ascii",
        )
        self._boxes_port = boxes

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.sendsms_port}/cgi-bin/sendsms"

    async def start(self) -> None:
        self._run("bearerbox", str(self._config))
        await until(
            lambda: listens(self._boxes_port) and listens(self._smsc_port), what="bearerbox"
        )
        self._run("smsbox", str(self._config))
        # An open standard input: at its end the fake centre would leave.
        self._run(str(FAKE_SMSC), "-H", HOST, "-r", str(self._smsc_port), log=self._smsc_log)
        await until(lambda: listens(self.sendsms_port), what="smsbox")

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in reversed(self._processes):
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def received(self, phone: str) -> list[str]:
        """The texts that reached the SMS centre for ``phone``; a long one in its parts."""
        text = self._smsc_log.read_text("utf-8", "replace") if self._smsc_log.exists() else ""
        line = rf"<\S* {re.escape(phone)} (?:udh \S+ )?(text|ucs-2|data) (.*)>$"
        return [
            said if kind == "text" else unquote_to_bytes(said.replace("+", " ")).decode("utf-16-be")
            for kind, said in re.findall(line, text, re.MULTILINE)
        ]

    def _run(self, *argv: str, log: Path | None = None) -> None:
        with (log or self.folder / "out.log").open("ab") as output:
            self._processes.append(
                subprocess.Popen(
                    argv, stdin=subprocess.PIPE, stdout=output, stderr=output, cwd=self.folder
                )
            )


@dataclass
class Notifier:
    """The service as a process, and what surrounds it."""

    environment: dict[str, str]
    database_url: str
    bootstrap: str
    base_url: str
    auth_private: str
    log: Path
    producer: Producer
    smtp: SmtpPeer
    process: subprocess.Popen | None = None

    until = staticmethod(until)

    async def start(self) -> None:
        self._spawn()
        await until(self._consumes, what=f"the notifier is up; see {self.log}")

    def _spawn(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "notifier"],
                env=self.environment,
                stdout=output,
                stderr=output,
            )

    async def _consumes(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        try:
            async with httpx.AsyncClient() as client:
                answer = await client.get(f"{self.base_url}/readyz/consume")
        except httpx.HTTPError:
            return False
        return answer.is_success

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)

    async def ended(self) -> int:
        assert self.process is not None
        return await asyncio.to_thread(self.process.wait, 30)

    async def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return await self.ended()

    @asynccontextmanager
    async def http(self, *scopes: str) -> AsyncGenerator[httpx.AsyncClient]:
        """A client with a token that carries ``scopes``."""
        token = issue_token(
            private_key_pem=self.auth_private,
            subject="test",
            scopes=scopes,
            now=utc_now(),
            lifetime=timedelta(minutes=5),
        )
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=self.base_url, headers=headers) as client:
            yield client

    async def account(self, **contact) -> UUID:
        """An account that was opened and, if given, has a contact."""
        account_id = uuid4()
        if contact:
            async with self.http("notifier:write") as client:
                answer = await client.put(f"/v1/contacts/{account_id}", json=contact)
                assert answer.status_code == 200, answer.text
        number = f"1{account_id.int % 10**9:09d}"
        opened = AccountOpened(
            account_id=account_id,
            number=number,
            currency="CNY",
            opened_at=utc_now(),
            balance_micro=0,
            balance_number=0,
        )
        await self.publish(opened)
        return account_id

    async def publish(self, event: Event) -> Message:
        """Put an event on the ledger's topic; gives the message, to be sent again."""
        message = Source("test").message(
            topic=LEDGER_EVENTS, key=str(event.account_id), event=event, at=utc_now()
        )
        await self.producer.send([message])
        return message

    async def notices(self, account_id: UUID) -> list[dict]:
        """The account's notices, oldest first."""
        async with self.http("notifier:read") as client:
            answer = await client.get("/v1/notices", params={"account_id": str(account_id)})
        # What tells of the account may still be on its way.
        return [] if answer.status_code == 404 else answer.json()["items"][::-1]

    async def until_notices(self, account_id: UUID, *expected: tuple[str, str, str]) -> list[dict]:
        """Wait until these are the account's notices: (template, channel, status) of each."""
        found: list[dict] = []

        async def as_expected() -> bool:
            found[:] = await self.notices(account_id)
            said = [(n["template"], n["channel"], n["status"]) for n in found]
            return said == list(expected)

        try:
            await until(as_expected, what="")
        except pytest.fail.Exception:
            pytest.fail(f"expected {expected}, there are {found}")
        return found

    async def told(self, account_id: UUID) -> list[dict]:
        """What ``notice.events.v1`` says of the account, each with its ``type``."""
        count = await self.producer.partitions(NOTICE_EVENTS.name)
        place = TopicPartition(NOTICE_EVENTS.name, partition_of(str(account_id).encode(), count))
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap)
        await consumer.start()
        try:
            consumer.assign([place])
            await consumer.seek_to_beginning(place)
            end = (await consumer.end_offsets([place]))[place]
            events: list[dict] = []
            while await consumer.position(place) < end:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    events += [
                        json.loads(record.value) | {"type": header(record.headers, "ce_type")}
                        for record in records
                    ]
            return [event for event in events if event["account_id"] == str(account_id)]
        finally:
            await consumer.stop()

    async def connect(self) -> asyncpg.Connection:
        """To the notifier's database."""
        return await asyncpg.connect(self.database_url.replace("+asyncpg", ""))


@pytest.fixture(scope="session")
def smtp_peer() -> Generator[SmtpPeer]:
    peer = SmtpPeer(free_ports(1)[0])
    peer.start()
    yield peer
    peer.stop()


@pytest.fixture(scope="session")
async def kannel(tmp_path_factory) -> AsyncGenerator[Kannel]:
    missing = [p for p in ("bearerbox", "smsbox", str(FAKE_SMSC)) if not shutil.which(p)]
    if missing:
        pytest.fail(f"no {', '.join(missing)}: install the packages kannel and kannel-extras")
    peer = Kannel(tmp_path_factory.mktemp("kannel"))
    try:
        await peer.start()
        yield peer
    finally:
        peer.stop()


async def _new_database(stack) -> str:
    """A migrated database of its own: the URL."""
    name = f"notifier_{secrets.token_hex(4)}"
    url = make_url(stack.endpoints.database_url("notifier"))
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    mine = url.set(database=name).render_as_string(hide_password=False)
    await asyncio.to_thread(migrate, package="notifier", database_url=mine)
    return mine


@pytest.fixture(scope="session")
async def notifier_database(stack) -> str:
    """The database of the notifier that runs."""
    return await _new_database(stack)


@pytest.fixture(scope="session")
async def notifier_store_url(stack) -> str:
    """A database that no notifier runs on."""
    return await _new_database(stack)


@pytest.fixture(scope="session")
async def notifier(
    stack, notifier_database, smtp_peer, kannel, tmp_path_factory
) -> AsyncGenerator[Notifier]:
    """The notifier, with quick retries and a short lease."""
    port = free_ports(1)[0]
    settings = {
        "PREWATT_KAFKA_BOOTSTRAP": stack.endpoints.kafka_bootstrap,
        "PREWATT_DATABASE_URL": notifier_database,
        "PREWATT_HTTP_PORT": str(port),
        "PREWATT_AUTH_PUBLIC_KEY": stack.keys.auth_public,
        "PREWATT_INSTANCE_ID": "notifier-test",
        "PREWATT_SMTP_HOST": HOST,
        # Tests do not depend on the hour.
        "PREWATT_QUIET_CHANNELS": "[]",
        "PREWATT_REFUSABLE_PURPOSES": '["payments", "news", "campaigns"]',
        "PREWATT_SMTP_PORT": str(smtp_peer.port),
        "PREWATT_SMTP_FROM": "notices@utility.example",
        "PREWATT_SMTP_SECURITY": "none",
        "PREWATT_SMS_URL": kannel.url,
        "PREWATT_SMS_USERNAME": "prewatt",
        "PREWATT_SMS_PASSWORD": kannel.password,
        "PREWATT_SMS_FROM": "95598",
        "PREWATT_SMS_SEGMENT_COST_MICRO": "50000",
        "PREWATT_SMS_SEGMENT_CURRENCY": "CNY",
        "PREWATT_SMS_RECEIPT_URL": f"http://{HOST}:{port}",
        "PREWATT_SMS_RECEIPT_SECRET": secrets.token_hex(16),
        "PREWATT_SMTP_BOUNCES_TO": "bounces@utility.example",
        "PREWATT_SMTP_BOUNCE_SECRET": secrets.token_hex(16),
        "PREWATT_SMTP_BOUNCE_KEY": secrets.token_hex(16),
        "PREWATT_WEBHOOK_SECRET": secrets.token_hex(16),
        "PREWATT_WEBHOOK_NETWORKS": '["127.0.0.0/8"]',
        "PREWATT_WEBHOOK_SLOTS": "4",
        "PREWATT_DELIVERY_TIMEOUT_S": "3",
        "PREWATT_DELIVERY_LEASE_S": "4",
        "PREWATT_DELIVERY_RETRY_FIRST_S": "0.3",
        "PREWATT_DELIVERY_RETRY_LONGEST_S": "1",
    }
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PREWATT_")}
    producer = Producer(bootstrap=stack.endpoints.kafka_bootstrap)
    service = Notifier(
        environment=inherited | settings,
        database_url=notifier_database,
        bootstrap=stack.endpoints.kafka_bootstrap,
        base_url=f"http://{HOST}:{port}",
        auth_private=stack.keys.auth_private,
        log=tmp_path_factory.mktemp("notifier") / "notifier.log",
        producer=producer,
        smtp=smtp_peer,
    )
    try:
        await service.start()
        yield service
        assert await service.stop() == 0
    finally:
        if service.process and service.process.poll() is None:
            service.process.kill()
        await producer.stop()


@pytest.fixture(scope="session")
def notifier_until():
    """Waits for what must come to hold."""
    return until


@pytest.fixture
async def receiver() -> AsyncGenerator[Receiver]:
    """A receiver of webhooks, up."""
    peer = Receiver()
    await peer.start()
    yield peer
    await peer.stop()

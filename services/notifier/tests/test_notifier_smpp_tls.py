"""SMPP over TLS: node-smpp behind a proxy that speaks TLS."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from notifier_certificates import certificate_for
from test_notifier_smpp import FORM, Taken, centre, is_bound, linked, notice, text

from notifier.channels.ports import PeerDown
from notifier.channels.smpp.channel import SmppChannel
from notifier.settings import NotifierSettings
from prewatt_common.clock import utc_now
from prewatt_devstack.ports import HOST, free_ports

pytestmark = pytest.mark.stack

USED = (centre,)
"""A fixture."""


@asynccontextmanager
async def proxied(port: int, address: str, folder: Path) -> AsyncGenerator[tuple[int, Path]]:
    """A port that speaks TLS, with a certificate for ``address``, before ``port``."""
    certificate, key = certificate_for(address, folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    open_ports = free_ports(1)

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while octets := await reader.read(65_536):
                writer.write(octets)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(HOST, port)
        await asyncio.gather(copy(reader, back), copy(there, writer))

    server = await asyncio.start_server(serve, HOST, open_ports[0], ssl=context)
    try:
        yield open_ports[0], certificate
    finally:
        server.close()


async def why_not(link) -> str:
    """What it says while it is not bound."""
    with pytest.raises(PeerDown) as refused:
        await SmppChannel(link, FORM, clock=utc_now).send(notice("+8613800000200"), text("x"))
    return str(refused.value)


async def test_a_text_goes_over_tls(notifier_until, centre, tmp_path):
    phone = "+8613800000201"
    async with (
        proxied(centre.port, HOST, tmp_path) as (port, ca_file),
        linked(centre, Taken(), port=port, tls=True, ca_file=ca_file) as link,
    ):
        await notifier_until(lambda: is_bound(link), what="bound over TLS")
        await SmppChannel(link, FORM, clock=utc_now).send(notice(phone), text("over TLS"))
        assert [each["message"] for each in centre.submitted(phone)] == ["over TLS"]


@pytest.mark.parametrize(
    ("address", "trusts", "says"),
    [
        # Of an authority that nobody here knows.
        (HOST, False, "CERTIFICATE_VERIFY_FAILED"),
        # Of another host.
        ("192.0.2.7", True, "IP address mismatch"),
    ],
)
async def test_whom_it_does_not_trust_it_does_not_bind_to(  # noqa: PLR0917
    notifier_until, centre, tmp_path, address, trusts, says
):
    before = centre.bound()
    async with proxied(centre.port, address, tmp_path) as (port, ca_file):
        trusted = ca_file if trusts else None
        async with linked(centre, Taken(), port=port, tls=True, ca_file=trusted) as link:

            async def is_told() -> bool:
                return says in await why_not(link)

            await notifier_until(is_told, what=says)
            assert not await is_bound(link)
    assert centre.bound() == before, "no password went out"


async def test_no_password_goes_in_clear_to_a_centre_without_tls(notifier_until, centre):
    before = centre.bound()
    async with linked(centre, Taken(), tls=True) as link:

        async def is_told() -> bool:
            return "not bound yet" not in await why_not(link)

        await notifier_until(is_told, what="it says that it is not bound")
        assert not await is_bound(link)
    assert centre.bound() == before


def test_certificates_that_are_not_there_are_told_at_the_start(tmp_path):
    login = {"smpp_host": "centre", "smpp_system_id": "prewatt", "smpp_password": "12345678"}
    needed = {"database_url": "x", "auth_public_key": "x"}
    with pytest.raises(ValueError, match="smpp_ca_file"):
        NotifierSettings(**needed, **login, smpp_tls=True, smpp_ca_file=tmp_path / "none.pem")
    pem, _ = certificate_for(HOST, tmp_path)
    with pytest.raises(ValueError, match="PREWATT_SMPP_TLS"):
        NotifierSettings(**needed, **login, smpp_ca_file=pem)
    made = NotifierSettings(**needed, **login, smpp_tls=True, smpp_ca_file=pem).smpp_centre
    assert made is not None
    assert (made.tls, made.ca_file) == (True, pem)

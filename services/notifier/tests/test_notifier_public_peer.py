"""Asking whom somebody else has named, with real connections."""

import asyncio
import socket
import threading
from datetime import timedelta
from ipaddress import ip_network

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hook_receiver import Receiver

from notifier.channels.addresses import Reach
from notifier.channels.ports import PeerDown
from notifier.channels.public_peer import NotReachable, PublicPeers
from prewatt_common.clock import utc_now

LOOPBACK = Reach((ip_network("127.0.0.0/8"), ip_network("::1/128")))
HEADERS = {"webhook-id": "1", "webhook-signature": "v1,x"}


def peers(reach: Reach = LOOPBACK, **more) -> PublicPeers:
    return PublicPeers(reach=reach, timeout_s=3, connections_max=2, **more)


def certificate_of(folder, name: str):
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(utc_now() - timedelta(hours=1))
        .not_valid_after(utc_now() + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    (folder / "hook.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "hook.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return folder / "hook.pem", folder / "hook.key"


async def test_it_is_asked_at_the_address_and_called_by_its_name(receiver):
    receiver.host = "localhost"
    async with peers() as outside:
        answered = await outside.post(receiver.url, headers=HEADERS, body=b"{}")
    assert (answered.status, answered.text) == (204, "")
    (taken,) = receiver.taken
    assert taken["host"] == f"localhost:{receiver.port}"
    assert taken["url"].endswith("/hook?of=prewatt")


async def test_a_redirect_is_an_answer(receiver):
    receiver.answers = [302]
    async with peers() as outside:
        answered = await outside.post(receiver.url, headers=HEADERS, body=b"{}")
    assert (answered.status, answered.text) == (302, "answer 302")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1"])
async def test_no_neighbour_is_asked_however_it_is_named(receiver, host):
    receiver.host = host
    async with peers(Reach()) as outside:
        for url in (receiver.url, receiver.url.replace("http:", "https:")):
            with pytest.raises(NotReachable, match="not public"):
                await outside.post(url, headers=HEADERS, body=b"{}")
    assert not receiver.taken


async def test_a_name_with_one_address_of_ours_among_others_is_not_asked(receiver, monkeypatch):
    def both(host, port, **_):
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    async with peers(Reach()) as outside:
        with pytest.raises(NotReachable):
            await outside.post(f"https://x.example:{receiver.port}/", headers=HEADERS, body=b"")


async def test_the_certificate_is_of_the_name_and_not_of_the_address(tmp_path):
    for name, holds in (("localhost", True), ("another.example", False)):
        certificate = certificate_of(tmp_path, name)
        peer = Receiver(certificate=certificate, host="localhost")
        await peer.start()
        async with peers(ca_file=certificate[0]) as outside:
            if holds:
                answered = await outside.post(peer.url, headers=HEADERS, body=b"{}")
                assert answered.status == 204
            else:
                with pytest.raises(PeerDown, match="ConnectError"):
                    await outside.post(peer.url, headers=HEADERS, body=b"{}")
        await peer.stop()
        assert bool(peer.taken) is holds


async def test_of_a_long_answer_the_beginning_is_enough():
    async def endless(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 500 no\r\ncontent-length: 1000000000\r\n\r\n" + b"x" * 65536)
        await writer.drain()

    import asyncio

    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with peers() as outside:
        answered = await outside.post(f"http://127.0.0.1:{port}/", headers=HEADERS, body=b"{}")
    server.close()
    assert (answered.status, len(answered.text)) == (500, 4096)


async def test_nobody_there_and_no_such_host():
    async with peers() as outside:
        with pytest.raises(PeerDown, match="no answer: ConnectError"):
            await outside.post("http://127.0.0.1:1/", headers=HEADERS, body=b"{}")
        with pytest.raises(PeerDown, match="is not known"):
            await outside.post("https://nobody.invalid/", headers=HEADERS, body=b"{}")


async def test_a_name_server_that_hangs_holds_up_nobody_else(receiver, monkeypatch):
    looks = socket.getaddrinfo
    over = threading.Event()

    def hangs(host, *args, **kwargs):
        if host == "hangs.example":
            over.wait(30)
        return looks(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    receiver.host = "localhost"
    async with PublicPeers(reach=LOOPBACK, timeout_s=0.5, connections_max=2) as outside:
        hanging = [
            asyncio.create_task(outside.post("https://hangs.example/", headers=HEADERS, body=b"{}"))
            for _ in range(20)
        ]
        await asyncio.sleep(0)
        assert (await outside.post(receiver.url, headers=HEADERS, body=b"{}")).status == 204
        # What the rest of the service looks up has threads of its own.
        await asyncio.get_running_loop().getaddrinfo("localhost", 80)
        for each in hanging:
            with pytest.raises(PeerDown, match="in time"):
                await each
        over.set()

"""U13: TLS that cannot be trusted, or breaks. Not a byte of a write and not the
token goes to whom the certificate does not fit; and all of it when it does."""

import socket
import ssl

import pytest

import certificates
import fake_influx
from rig import now, points

COUNT = 100


@pytest.fixture
def authority(tmp_path):
    return certificates.Authority(tmp_path / "authority")


@pytest.fixture
def fake(authority):
    with fake_influx.Fake(tls=authority.server()) as server:
        yield server


def held_then_trusted(rig, fake, authority, wrong, word):
    """Held while it is wrong; through by itself when the right one is there."""
    good, fake.tls = fake.tls, wrong
    moon = rig(more=f'ca_file = "{authority.file}"')
    moon.send(points(COUNT), at_once=20)
    moon.wait_value("retries_total", 2)
    moon.wait_failing()
    moon.wait_health(word)
    assert not fake.requests, "a request was sent"
    back = now()
    fake.tls = good
    fake.wait_stored(points(COUNT))
    moon.print_back(back, f"U13 {word}")
    moon.judge()


def test_u13_a_certificate_that_has_expired(rig, fake, authority):
    wrong = authority.server(end="20210101000000Z")
    held_then_trusted(rig, fake, authority, wrong, "the clocks")


def test_u13_a_certificate_of_another_host(rig, fake, authority):
    wrong = authority.server(host="DNS:influx.example.org,IP:127.0.0.9")
    held_then_trusted(rig, fake, authority, wrong, "certificate")


def test_u13_a_certificate_of_another_authority(rig, fake, authority, tmp_path):
    wrong = certificates.Authority(tmp_path / "another").server()
    held_then_trusted(rig, fake, authority, wrong, "certificate")


def test_u13_a_certificate_of_tomorrow(rig, fake, authority):
    wrong = authority.server(begin="20990101000000Z")
    held_then_trusted(rig, fake, authority, wrong, "certificate")


def reset_in_handshake(connection):
    connection.recv(100)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, fake_influx.SO_RESET)
    raise OSError("reset")


def close_in_handshake(connection):
    connection.recv(100)
    raise OSError("closed")


def plain_text(connection):
    """Somebody configured https for a port that speaks http."""
    connection.recv(100)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    raise OSError("closed")


@pytest.mark.parametrize("wrong", [reset_in_handshake, close_in_handshake, plain_text], ids=lambda w: w.__name__)
def test_u13_a_handshake_that_breaks(rig, fake, authority, wrong):
    held_then_trusted(rig, fake, authority, wrong, "no answer")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_u13_nothing_older_than_tls_1_2(rig, fake, authority):
    def old(connection):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.load_cert_chain(authority.folder / "server1.pem", authority.folder / "server1.key")
        return context.wrap_socket(connection, server_side=True)

    held_then_trusted(rig, fake, authority, old, "no answer")


def test_u13_a_system_that_does_not_know_the_authority(rig, fake):
    """Without ca_file the system's decide; held, and nothing sent."""
    moon = rig()
    moon.send(points(COUNT))
    moon.wait_value("retries_total", 2)
    moon.wait_failing()
    moon.wait_health("certificate")
    assert not fake.requests

"""No webhook reaches what is not the open internet, by whatever name."""

import ipaddress
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from connectors.sinks.addresses import Guard, Rules, Unresolved, is_open, networks
from schemas.web_address import UnsafeAddress, target

VECTORS = Path(__file__).parents[5] / "shared" / "vectors.json"
PUBLIC = "93.184.216.34"


def vectors() -> dict[str, list[object]]:
    """Read the published vectors where they are at hand."""
    if not VECTORS.exists():
        return {"addresses": [], "urls_to_refuse": []}
    found: dict[str, list[object]] = json.loads(VECTORS.read_text())["ssrf"]
    return found


def answering(*answers: Sequence[str], asked: list[str] | None = None) -> Guard:
    """Make a guard whose names resolve to these, one answer after the other."""
    left = list(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        if asked is not None:
            asked.append(host)
        return left.pop(0) if len(left) > 1 else left[0]

    return Guard(Rules(), resolve)


@pytest.mark.skipif(not VECTORS.exists(), reason="the published vectors are not at hand")
def test_published_addresses_are_judged_alike() -> None:
    """Each published address is open or refused as its source has it."""
    judged = [
        {"address": each["address"], "allowed": is_open(ipaddress.ip_address(each["address"]))}
        for each in vectors()["addresses"]
        if isinstance(each, dict)
    ]
    assert vectors()["addresses"] == judged


@pytest.mark.parametrize(
    "address",
    [
        "10.254.0.0", "172.16.10.65", "0.0.0.0", "127.0.0.254", "169.254.169.254", "224.1.2.3",
        "192.0.0.255", "192.0.2.255", "203.0.113.6", "192.88.99.3", "240.240.240.240",
        "255.255.255.255", "100.100.100.200", "100.64.0.1", "198.18.0.1", "233.252.0.16", "::",
        "::1", "::ffff:10.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::c0a8:0",
        "64:ff9b::808:808", "64:ff9b:1::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1",
        "ff02::1", "2001::1", "2001:db8::1", "2002:c0a8:1::1", "3fff::1", "5f00::1", "100::1",
    ],
)  # fmt: skip
def test_what_is_not_the_open_internet_is_refused(address: str) -> None:
    """Private, local, shared, translated and reserved addresses are refused."""
    assert is_open(ipaddress.ip_address(address)) is False


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "::ffff:8.8.8.8", "2606:4700:4700::1111", "2a00:1450:4001::1", "1.1.1.1"]
)
def test_the_open_internet_is_open(address: str) -> None:
    """Addresses that are given out to anybody may be called."""
    assert is_open(ipaddress.ip_address(address)) is True


@pytest.mark.parametrize(
    "url",
    [
        *(str(url) for url in vectors()["urls_to_refuse"]),
        "http://127.0.0.1/", "https://localhost/", "https://localhost./", "https://127.1/",
        "https://0x7f000001/", "https://0/", "https://2130706433/", "https://0177.0.0.1/",
        "https://[::]/", "https://[::ffff:7f00:1]/", "https://[fe80::1%25eth0]/",
        "https://public.example@127.0.0.1/", "https://127.0.0.1\\@public.example/",
        "file:///etc/passwd", "ftp://public.example/", "https://public.example:22/",
        "https:///127.0.0.1/", "https://metadata.google.internal/", "https://public.example:0/",
        "https://public.example:99999/", "https://a b.example/", "https://public.example/\r\nX: y",
        "https://ex\u00e4mple.org/", "https://1.2.3.4.5/", "https://256.1.1.1/", "//x.example/",
        "https://a..b/", "http://public.example/", "https://public.example/a b", "",
        "https://[1::2::3]/", "https://x.example/\u2028", "https://user:pass@public.example/",
    ],
)  # fmt: skip
async def test_unsafe_urls_are_refused(url: str) -> None:
    """A URL that leads inward, or that two readers may read in two ways, is never called."""
    with pytest.raises(UnsafeAddress):
        await answering([PUBLIC]).addresses(target(url))


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://Hooks.Example.org/A?b=C#d", "hooks.example.org", "/A?b=C"),
        ("HTTPS://hooks.example.org:8443", "hooks.example.org:8443", "/"),
        ("https://hooks.example.org?x=1", "hooks.example.org", "/?x=1"),
        ("https://[2606:4700::1]/x", "[2606:4700::1]", "/x"),
        ("https://93.184.216.34:443/x", "93.184.216.34", "/x"),
    ],
)
def test_plain_urls_are_read(url: str, authority: str, path: str) -> None:
    """Host, port and path come out as a request needs them."""
    read = target(url)
    assert (authority, path) == (read.authority, read.path)


async def test_one_bad_address_spoils_a_name() -> None:
    """A name is refused where any of its addresses is, in whatever order."""
    for answer in ([PUBLIC, "10.0.0.1"], ["10.0.0.1", PUBLIC]):
        with pytest.raises(UnsafeAddress):
            await answering(answer).addresses(target("https://hooks.example.org/"))


async def test_the_address_that_was_checked_is_the_one_given() -> None:
    """A name that answers otherwise the next moment is asked once for a call."""
    asked: list[str] = []
    guard = answering([PUBLIC], ["127.0.0.1"], asked=asked)
    assert [PUBLIC] == await guard.addresses(target("https://hooks.example.org/"))
    assert ["hooks.example.org"] == asked


async def test_a_name_without_an_address_is_tried_later() -> None:
    """A name that does not resolve now is no fault of the delivery."""
    with pytest.raises(Unresolved):
        await answering([]).addresses(target("https://hooks.example.org/"))


async def test_networks_of_our_own_can_be_allowed() -> None:
    """An operator who has receivers inside names their networks, and only those open."""
    guard = Guard(Rules(allow=networks(["10.1.0.0/16"])))
    assert ["10.1.2.3"] == await guard.addresses(target("https://10.1.2.3:9443/"))
    with pytest.raises(UnsafeAddress):
        await guard.addresses(target("https://10.2.2.3/"))


async def test_services_that_we_live_on_are_never_called() -> None:
    """Kafka, PostgreSQL and Redis are refused, where allowed by network and where public."""
    own = frozenset({("127.0.0.1", 9092), (PUBLIC, 5432)})
    guard = Guard(Rules(http=True, allow=networks(["127.0.0.0/8"]), own=own))
    assert ["127.0.0.1"] == await guard.addresses(target("http://127.0.0.1:8080/"))
    for url in ("http://127.0.0.1:9092/", f"https://{PUBLIC}/"):
        with pytest.raises(UnsafeAddress):
            await guard.addresses(target(url))

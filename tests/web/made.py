"""Captures that the test makes: large ones, and ones that try to get into the page."""

import random
import struct
from pathlib import Path


def header(snaplen: int) -> bytes:
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snaplen, 1)


def packet(client: int, way: int, seq: int, ack: int, flags: int, payload: int, number: int) -> bytes:
    """Ethernet, IPv4 and TCP of one of many clients to one server, or back; checksums are left to the card."""
    ends = [(f"10.{client >> 16 & 255}.{client >> 8 & 255}.{client & 255}", 40000 + client % 20000), ("192.0.2.1", 443)]
    (source, source_port), (target, target_port) = ends if way == 0 else ends[::-1]
    address = lambda text: bytes(int(part) for part in text.split("."))  # noqa: E731
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + payload, number & 0xFFFF, 0x4000, 64, 6, 0) + address(source) + address(target)
    tcp = struct.pack(">HHIIBBHHH", source_port, target_port, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 0x50, flags, 60000, 0, 0)
    return bytes(12) + b"\x08\x00" + ip + tcp


def connections(path: Path, packets: int, payload: int, kept: int, at_once: int = 200, size: int = 200):
    """So many packets of connections that are open at once, each `size` packets long; of every payload `kept` bytes are in the file.
    Now and then a segment comes twice or not at all, so that there is something to find."""
    chance = random.Random(1)
    with path.open("wb", buffering=1 << 20) as file:
        file.write(header(54 + kept))
        clients: list[list[int]] = []
        next_client, written, time = 1, 0, 1_700_000_000_000_000
        zeros = bytes(kept)
        while written < packets:
            while len(clients) < at_once:
                clients.append([next_client, 0, 1000, 5000])
                next_client += 1
            state = clients[written % at_once]
            client, step, mine, theirs = state
            if step == 0:
                frame, state[2] = packet(client, 0, mine, 0, 0x02, 0, written), mine + 1
            elif step == 1:
                frame, state[3] = packet(client, 1, theirs, mine, 0x12, 0, written), theirs + 1
            elif step == 2:
                frame = packet(client, 0, mine, theirs, 0x10, 0, written)
            elif step == size - 2:
                frame, state[3] = packet(client, 1, theirs, mine, 0x11, 0, written), theirs + 1
            elif step == size - 1:
                frame = packet(client, 0, mine, theirs, 0x11, 0, written)
            elif step % 3 == 0:
                frame = packet(client, 0, mine, theirs, 0x10, 0, written)
            else:
                again = chance.random() < 0.002
                frame = packet(client, 1, theirs - (payload if again and step > 6 else 0), mine, 0x18, payload, written)
                if not again:
                    state[3] = theirs + payload
                frame += zeros
            state[1] += 1
            if state[1] == size:
                clients[written % at_once] = [next_client, 0, 1000, 5000]
                next_client += 1
            on_wire = len(frame) - (kept if len(frame) > 54 else 0) + (payload if len(frame) > 54 else 0)
            time += 11
            file.write(struct.pack("<IIII", time // 1_000_000, time % 1_000_000, len(frame), on_wire) + frame)
            written += 1


HOSTILE = b"\"><script>window.broken=1;top.broken=1</script><img src=x onerror=\"window.broken=1;parent.broken=1\"><svg onload=broken=1></title>"


def hostile(path: Path):
    """A conversation whose payload is markup that would run, and a section comment and interface names of pcapng that say the same."""
    padded = lambda data: data + bytes(-len(data) % 4)  # noqa: E731
    option = lambda code, data: struct.pack("<HH", code, len(data)) + padded(data)  # noqa: E731

    def block(kind: int, body: bytes) -> bytes:
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

    options = option(1, HOSTILE) + option(4, HOSTILE) + option(0, b"")
    out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + options)
    out += block(1, struct.pack("<HHI", 1, 0, 0) + option(2, HOSTILE) + option(3, HOSTILE) + option(0, b""))
    request = b"GET /" + HOSTILE + b" HTTP/1.1\r\nHost: " + HOSTILE + b"\r\n\r\n"
    answer = b"HTTP/1.1 200 " + HOSTILE + b"\r\n\r\n"
    frames = [
        packet(1, 0, 100, 0, 0x02, 0, 1),
        packet(1, 1, 500, 101, 0x12, 0, 2),
        packet(1, 0, 101, 501, 0x10, 0, 3),
        packet(1, 0, 101, 501, 0x18, len(request), 4) + request,
        packet(1, 0, 101, 501, 0x18, len(request), 5) + request,
        packet(1, 1, 501, 101 + len(request), 0x18, len(answer), 6) + answer,
        packet(1, 1, 501 + len(answer), 101 + len(request), 0x04, 0, 7),
    ]
    for at, frame in enumerate(frames):
        head = struct.pack("<IIIII", 0, 0, 1_000_000 + at * 300_000, len(frame), len(frame))
        out += block(6, head + padded(frame) + option(1, HOSTILE) + option(0, b""))
    path.write_bytes(out)


def changed(fixtures: list[Path], folder: Path, count: int) -> list[Path]:
    """Fixtures in which bytes were changed, cut out or doubled: the same ones each time."""
    chance = random.Random(7)
    made = []
    for number in range(count):
        data = bytearray(chance.choice(fixtures).read_bytes())
        for _ in range(chance.randint(1, 12)):
            if not data:
                break
            at = chance.randrange(len(data))
            match chance.randrange(4):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    data[at : at + 4] = chance.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"<scr"])
                case 2:
                    del data[at : at + chance.randint(1, 64)]
                case _:
                    data[at:at] = data[at : at + chance.randint(1, 64)]
        path = folder / f"changed-{number}.pcap"
        path.write_bytes(data)
        made.append(path)
    return made

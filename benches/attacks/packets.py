"""Packets for captures that an attacker would make, and the register of those who make them."""

import itertools
import struct

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MSS, SACK_PERMITTED = b"\x02\x04\x05\xb4", b"\x04\x02\x01\x01"
CLIENT, SERVER = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
START = 1_700_000_000 * 1_000_000


def complement(*parts):
    return 0xFFFF - (sum(int.from_bytes(part + b"\0" * (len(part) % 2), "big") for part in parts) % 0xFFFF or 0xFFFF) & 0xFFFF


def stamps(value, echo):
    return b"\x01\x01\x08\x0a" + struct.pack(">II", value & 0xFFFFFFFF, echo & 0xFFFFFFFF)


def blocks(*ranges):
    words = b"".join(struct.pack(">II", left & 0xFFFFFFFF, right & 0xFFFFFFFF) for left, right in ranges)
    return b"\x01\x01\x05" + bytes([2 + len(words)]) + words


def host(number):
    """An address for each number."""
    return struct.pack(">I", 0x20000000 + number * 2654435761 & 0xFFFFFFFF)


def ip(src, dst, protocol, payload, ip_id=0, fragment=0, ttl=64):
    """An IPv4 packet; `fragment` is the field with the flags and the offset."""
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), ip_id & 0xFFFF, fragment, ttl, protocol, 0) + src + dst
    return header[:10] + struct.pack(">H", complement(header)) + header[12:] + payload


def packet(src, sport, dst, dport, seq, ack, flags, window=512, options=b"", payload=b"", ip_id=0, ttl=64):
    """A TCP segment with right checksums."""
    options += b"\0" * (-len(options) % 4)
    header = 20 + len(options)
    tcp = struct.pack(">HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, header // 4 << 4, flags, window, 0, 0)
    tcp += options + payload
    check = complement(src, dst, struct.pack(">HH", 6, len(tcp)), tcp)
    return ip(src, dst, 6, tcp[:16] + struct.pack(">H", check) + tcp[18:], ip_id, 0x4000, ttl)


class Ends:
    """A client and a server: packets each way."""

    def __init__(self, number=0, client=None):
        self.client = client or (bytes([10, 1 + (number >> 16), number >> 8 & 255, number & 255]), 40000)
        self.server = (SERVER, 80)

    def up(self, seq, ack, flags=ACK, **more):
        return packet(*self.client, *self.server, seq, ack, flags, **more)

    def down(self, seq, ack, flags=ACK, **more):
        return packet(*self.server, *self.client, seq, ack, flags, **more)

    def opened(self, options=b""):
        """A handshake; both sides go on at 1001 and 5001."""
        yield self.up(1000, 0, SYN, options=MSS + SACK_PERMITTED + options, window=65535)
        yield self.down(5000, 1001, SYN | ACK, options=MSS + SACK_PERMITTED + options, window=65535)
        yield self.up(1001, 5001, window=65535)


class Attack:
    """Who makes packets (or blocks of pcapng), in what words, and how they are written."""

    def __init__(self, make, words, step=10, skew=0, blocks=False, files=1):
        self.make, self.words, self.step, self.skew, self.blocks, self.files = make, words, step, skew, blocks, files

    def write(self, folder, name, packets):
        """Writes so many packets to files in a folder, and names these."""
        if self.blocks:
            path = folder / f"{name}.pcapng"
            with open(path, "wb", 1 << 20) as file:
                file.writelines(self.make(packets))
            return [path]
        paths = [folder / f"{name}{'-' + str(number) if number else ''}.pcap" for number in range(self.files)]
        files = [open(path, "wb", 1 << 16) for path in paths]
        for file in files:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))
        for at, data in enumerate(itertools.islice(self.make(), packets)):
            # One that is told when it comes says so itself.
            us, data = data if isinstance(data, tuple) else (self.step * at - (self.skew if at % 2 else 0), data)
            length = int.from_bytes(data[2:4], "big")
            us += START
            record = struct.pack("<IIII", us // 1_000_000, us % 1_000_000, len(data), max(length, len(data)))
            files[at % self.files].write(record + data)
        for file in files:
            file.close()
        return paths


GENERATORS = {}


def generator(words, **how):
    def note(make):
        GENERATORS[make.__name__.replace("_", "-")] = Attack(make, words, **how)
        return make

    return note

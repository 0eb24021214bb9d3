"""A WebSocket client (RFC 6455) of one thread, as far as a browser's own remote control needs one."""

import base64
import json
import os
import socket
import struct
import time


class Wire:
    """Calls methods over a WebSocket, and keeps the events that come meanwhile."""

    def __init__(self, host: str, port: int, path: str):
        self.socket = socket.create_connection((host, port), timeout=120)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.socket.recv(1)
            if not byte:
                raise ConnectionError("the browser has closed the connection")
            head += byte
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head.decode(errors="replace"))
        self.number = 0
        self.events: list[dict] = []

    def _exactly(self, count: int) -> bytes:
        parts = []
        while count:
            part = self.socket.recv(min(count, 1 << 20))
            if not part:
                raise ConnectionError("the browser has closed the connection")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _send(self, opcode: int, payload: bytes):
        mask = os.urandom(4)
        size = len(payload)
        head = bytes([0x80 | opcode])
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 1 << 16:
            head += bytes([0x80 | 126]) + struct.pack(">H", size)
        else:
            head += bytes([0x80 | 127]) + struct.pack(">Q", size)
        repeated = mask * (size // 4 + 1)
        masked = int.from_bytes(payload, "big") ^ int.from_bytes(repeated[:size], "big")
        self.socket.sendall(head + mask + masked.to_bytes(size, "big"))

    def _message(self) -> dict:
        whole = b""
        while True:
            first, second = self._exactly(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack(">H", self._exactly(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", self._exactly(8))
            payload = self._exactly(size)
            opcode = first & 0x0F
            if opcode == 0x8:
                raise ConnectionError("the browser has closed the connection")
            if opcode == 0x9:
                self._send(0xA, payload)
                continue
            if opcode == 0xA:
                continue
            whole += payload
            if first & 0x80:
                return json.loads(whole)

    def send(self, method: str, parameters: dict, **more) -> int:
        self.number += 1
        self._send(0x1, json.dumps({"id": self.number, "method": method, "params": parameters, **more}).encode())
        return self.number

    def call(self, method: str, parameters: dict | None = None, **more) -> dict:
        number = self.send(method, parameters or {}, **more)
        while True:
            message = self._message()
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']} {message.get('message', '')}")
                return message.get("result", {})
            if "id" not in message:
                self.events.append(message)

    def listen(self, seconds: float):
        """Takes events for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                self.events.append(self._message())
            except TimeoutError:
                break
        self.socket.settimeout(120)

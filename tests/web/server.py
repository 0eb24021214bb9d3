"""A static host for the test: serves a folder, and keeps what it was asked for."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(SimpleHTTPRequestHandler):
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".webmanifest": "application/manifest+json", ".wasm": "application/wasm"}

    def log_message(self, *_):
        pass

    def parse_request(self):
        parsed = super().parse_request()
        if parsed:
            length = int(self.headers.get("Content-Length") or 0)
            asked = (self.command, self.path, self.rfile.read(length), str(self.headers))
            self.server.asked.append(asked)
        return parsed


class Host(ThreadingHTTPServer):
    """Serves until it is closed."""

    daemon_threads = True

    def __init__(self, folder: Path):
        self.folder = folder
        self.asked: list[tuple[str, str, bytes, str]] = []
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.address = f"http://127.0.0.1:{self.server_port}/"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()

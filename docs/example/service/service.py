#!/usr/bin/env python3
"""A small service to try `tcpcheck check` on: it keeps notes, over HTTP. usage: service.py PORT

FAULT=reset: it hangs up with a RST in place of a FIN. FAULT=slow: it takes a while to read what it is sent.
A client gets its answers all the same: a test of the answers does not see either.
"""
import http.server, os, socket, struct, sys, time

FAULT = os.environ.get("FAULT", "")


class Notes(http.server.BaseHTTPRequestHandler):
    notes = {}

    def do_GET(self):
        note = self.notes.get(self.path)
        self.answer(404 if note is None else 200, note or b"")

    def do_PUT(self):
        if FAULT == "slow":
            time.sleep(1)
        self.notes[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(201)

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def get_request(self):
        request, address = super().get_request()
        if FAULT == "reset":
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return request, address

    def shutdown_request(self, request):
        if FAULT == "reset":
            time.sleep(0.2)
            request.close()
        else:
            super().shutdown_request(request)


if __name__ == "__main__":
    server = Server(("127.0.0.1", int(sys.argv[1])), Notes, bind_and_activate=False)
    server.allow_reuse_address = True
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    server.server_bind()
    server.server_activate()
    print("ready", flush=True)
    server.serve_forever()

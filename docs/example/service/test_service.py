#!/usr/bin/env python3
"""The service's integration test: starts it, and asks it as a client would. It looks at answers alone."""
import os, subprocess, sys, unittest, urllib.error, urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
PORT = os.environ.get("PORT", "18080")


def ask(path, body=None):
    method = "GET" if body is None else "PUT"
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", body, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.status, response.read()


class Service(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        command = [sys.executable, os.path.join(HERE, "service.py"), PORT]
        cls.service = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert cls.service.stdout.readline() == b"ready\n"

    @classmethod
    def tearDownClass(cls):
        cls.service.terminate()
        cls.service.wait()
        cls.service.stdout.close()

    def test_a_note_that_was_put_is_there(self):
        self.assertEqual(ask("/milk", b"two litres")[0], 201)
        self.assertEqual(ask("/milk"), (200, b"two litres"))

    def test_a_long_note_is_there(self):
        note = b"bread\n" * 200_000
        self.assertEqual(ask("/bread", note)[0], 201)
        self.assertEqual(ask("/bread"), (200, note))

    def test_a_note_that_nobody_put_is_not(self):
        with self.assertRaises(urllib.error.HTTPError) as raised:
            ask("/nothing")
        self.assertEqual(raised.exception.code, 404)
        raised.exception.close()


if __name__ == "__main__":
    unittest.main()

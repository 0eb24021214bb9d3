"""tcpcheck as a step between two pipes: what goes in, the blocks that come out, and how it ends."""

import os
import shutil
import struct
import subprocess
import sysconfig
import tempfile
import threading

HEAD = struct.Struct("<cI")


class Refused(RuntimeError):
    """tcpcheck could not do it, and would not a second time: the file is no capture, or cannot be read."""


class Died(RuntimeError):
    """tcpcheck, or what feeds it, ended in the middle: what came of it is not all."""


def program():
    """The tcpcheck of this Python, or else the one on the path; TCPCHECK names another."""
    own = os.path.join(sysconfig.get_path("scripts"), "tcpcheck")
    found = os.environ.get("TCPCHECK") or (own if os.path.exists(own) else shutil.which("tcpcheck"))
    if not found:
        raise Died("there is no tcpcheck: pip install tcpcheck, or name it in TCPCHECK")
    return found


def blocks(arguments, feed=None):
    """Runs `tcpcheck shard ARGUMENTS`: gives the letter and the bytes of each block. `feed` writes its standard input."""
    with tempfile.TemporaryFile() as words:
        stdin = subprocess.PIPE if feed else subprocess.DEVNULL
        child = subprocess.Popen([program(), "shard", *arguments], stdin=stdin, stdout=subprocess.PIPE, stderr=words)
        failed = []
        feeder = threading.Thread(target=_feed, args=(feed, child.stdin, failed), daemon=True) if feed else None
        try:
            if feeder:
                feeder.start()
            ended = yield from _blocks(child.stdout)
            status = child.wait()
            if feeder:
                feeder.join()
        finally:
            child.kill()
            child.wait()
            child.stdout.close()
        words.seek(0)
        said = words.read().decode(errors="replace").strip()
        # The feeder's own exception comes first: that its child found the end missing follows from it.
        if failed:
            raise failed[0]
        if status == 2:
            raise Refused(said)
        if status or not ended:
            raise Died(f"tcpcheck {' '.join(arguments)}: status {status}, {'' if ended else 'no end, '}{said}")


def _feed(feed, stdin, failed):
    try:
        feed(stdin)
        stdin.close()
    except BrokenPipeError:
        # The child says why it went.
        pass
    except BaseException as error:
        failed.append(error)
        # Without its end the child takes nothing for complete.
        try:
            stdin.close()
        except OSError:
            pass


def _blocks(out):
    ended = False
    while True:
        head = out.read(HEAD.size)
        if len(head) < HEAD.size:
            return ended and not head
        letter, length = HEAD.unpack(head)
        data = out.read(length)
        if len(data) < length:
            return False
        ended = letter == b"E"
        if not ended:
            yield letter.decode(), data

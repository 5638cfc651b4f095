"""A mail server that keeps everything: each mail becomes a file, none ever leaves.

Run it and send to the port it prints, or use `SmtpSink` as a context manager. It
listens on the loopback interface only and has no way to forward.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.smtp import SMTP

HOST = "127.0.0.1"
START_TIMEOUT = 10


class SmtpSink:
    """Server in a thread of its own; `port` 0 takes a free one, known once started."""

    def __init__(self, directory: str | os.PathLike, port: int = 0):
        self.directory = Path(directory)
        self.port = port
        self._number = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: asyncio.Server | None = None

    def __enter__(self) -> SmtpSink:
        self.start()
        return self

    def __exit__(self, *_exc_info) -> None:
        self.stop()

    def start(self) -> None:
        if self._thread:
            raise RuntimeError("this sink is already running")
        self.directory.mkdir(parents=True, exist_ok=True)
        self._number = max((int(path.stem) for path in self.files()), default=0)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            listening = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)
            self._server = listening.result(START_TIMEOUT)
        except BaseException:
            self.stop()
            raise
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        if not self._thread:
            return
        closing = asyncio.run_coroutine_threadsafe(self._close(), self._loop)
        closing.result(START_TIMEOUT)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = self._server = None

    async def _listen(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()

        def session() -> SMTP:
            return SMTP(self, hostname="localhost", enable_SMTPUTF8=True, loop=loop)

        return await loop.create_server(session, HOST, self.port)

    async def _close(self) -> None:
        """Close the door, then hang up on whoever is still talking."""
        if self._server:
            self._server.close()
        sessions = asyncio.all_tasks() - {asyncio.current_task()}
        for task in sessions:
            task.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    async def handle_DATA(self, _server, _session, envelope) -> str:
        """Hook of aiosmtpd: the mail is on disk before the sender hears 250."""
        # The envelope knows the blind copies that the headers do not.
        recipients = ",\r\n ".join(envelope.rcpt_tos)
        head = f"X-MailFrom: {envelope.mail_from or '<>'}\r\nX-RcptTo: {recipients}\r\n"
        path = self._store(head.encode() + envelope.content)
        return f"250 Message kept as {path.name}"

    def _store(self, content: bytes) -> Path:
        """Written aside, then linked: never half there, never over another mail."""
        draft = self.directory / f".{os.getpid()}-{threading.get_ident()}.part"
        draft.write_bytes(content)
        try:
            while True:
                self._number += 1
                path = self.directory / f"{self._number:04d}.eml"
                with contextlib.suppress(FileExistsError):
                    path.hardlink_to(draft)
                    return path
        finally:
            draft.unlink()

    def files(self) -> list[Path]:
        """Mails received, oldest first."""
        found = [path for path in self.directory.glob("*.eml") if path.stem.isdecimal()]
        return sorted(found, key=lambda path: int(path.stem))

    def messages(self) -> list[EmailMessage]:
        return [
            message_from_bytes(path.read_bytes(), policy=policy.default)
            for path in self.files()
        ]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--dir", type=Path, required=True, help="where mails are kept")
    parser.add_argument("--port-file", type=Path, help="written once ready")
    options = parser.parse_args(argv)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_args: stopped.set())
    with SmtpSink(options.dir, options.port) as sink:
        if options.port_file:
            _write_port(options.port_file, sink.port)
        print(sink.port, flush=True)
        stopped.wait()
    if options.port_file:
        options.port_file.unlink(missing_ok=True)
    return 0


def _write_port(path: Path, port: int) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    draft.write_text(f"{port}\n", encoding="ascii")
    draft.replace(path)


if __name__ == "__main__":
    sys.exit(main())

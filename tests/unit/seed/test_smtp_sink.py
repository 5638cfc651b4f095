import contextlib
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from scripts import smtp_sink
from scripts.smtp_sink import SmtpSink

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40


def invoice_mail(number=1):
    mail = EmailMessage()
    mail["From"] = "Atelier Lumen <bonjour@atelier-lumen.example>"
    mail["To"] = "compta@ferronnerie-tavelle.example"
    mail["Subject"] = f"Facture n° {number} échue"
    mail.set_content("Bonjour,\n\n.Une ligne qui commence par un point.\n")
    mail.add_attachment(
        PDF, maintype="application", subtype="pdf", filename=f"facture-{number}.pdf"
    )
    return mail


def send(port, mail, **kwargs):
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        return client.send_message(mail, **kwargs)


@pytest.fixture
def sink(tmp_path):
    with SmtpSink(tmp_path / "mails") as started:
        yield started


def test_mail_and_attachment_are_found(sink):
    assert sink.port > 0
    send(sink.port, invoice_mail())
    (mail,) = sink.messages()
    assert mail["Subject"] == "Facture n° 1 échue"
    assert mail["To"] == "compta@ferronnerie-tavelle.example"
    body = mail.get_body(("plain",)).get_content()
    assert "\n.Une ligne qui commence par un point." in body
    (attachment,) = mail.iter_attachments()
    assert attachment.get_filename() == "facture-1.pdf"
    assert attachment.get_content() == PDF


def test_files_are_numbered_and_no_draft_stays(sink):
    for number in (1, 2, 3):
        send(sink.port, invoice_mail(number))
    names = sorted(path.name for path in sink.directory.iterdir())
    assert names == ["0001.eml", "0002.eml", "0003.eml"]
    assert [mail["Subject"][10:12] for mail in sink.messages()] == [
        " 1",
        " 2",
        " 3",
    ]


def test_nothing_is_received_before_the_first_mail(sink):
    assert sink.messages() == []


def test_blind_copies_are_seen_in_the_envelope(sink):
    recipients = ["compta@ferronnerie-tavelle.example", "archive@cabinet.example"]
    send(
        sink.port, invoice_mail(), from_addr="rebond@lumen.example", to_addrs=recipients
    )
    (mail,) = sink.messages()
    assert mail["X-MailFrom"] == "rebond@lumen.example"
    assert [part.strip() for part in mail["X-RcptTo"].split(",")] == recipients


def test_a_bounce_has_an_empty_sender(sink):
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=10) as client:
        client.sendmail("", ["bonjour@lumen.example"], b"Subject: retour\r\n\r\nNon.")
    (mail,) = sink.messages()
    assert mail["X-MailFrom"] == "<>"


def test_numbering_goes_on_and_never_overwrites(tmp_path):
    (tmp_path / "0007.eml").write_bytes(b"Subject: gardez-moi\r\n\r\n")
    (tmp_path / "notes.eml").write_bytes(b"")
    with SmtpSink(tmp_path) as sink:
        (tmp_path / "0008.eml").write_bytes(b"Subject: venu d'ailleurs\r\n\r\n")
        send(sink.port, invoice_mail())
        assert [path.name for path in sink.files()] == [
            "0007.eml",
            "0008.eml",
            "0009.eml",
        ]
        assert sink.messages()[0]["Subject"] == "gardez-moi"


def test_many_senders_at_once(sink):
    threads = [
        threading.Thread(target=send, args=(sink.port, invoice_mail(number)))
        for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    subjects = {mail["Subject"] for mail in sink.messages()}
    assert subjects == {f"Facture n° {number} échue" for number in range(20)}


def test_only_the_loopback_listens(sink):
    listening = [server.getsockname()[0] for server in sink._server.sockets]
    assert listening == ["127.0.0.1"]


def test_stopped_means_closed(tmp_path):
    with SmtpSink(tmp_path) as sink:
        port = sink.port
        idle = smtplib.SMTP("127.0.0.1", port, timeout=10)
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        idle.noop()
    sink.stop()


def test_a_stopped_sink_can_start_again(tmp_path):
    sink = SmtpSink(tmp_path)
    for number in (1, 2):
        with sink:
            send(sink.port, invoice_mail(number))
    assert len(sink.messages()) == 2


def test_a_taken_port_is_an_error_and_leaves_no_thread(sink, tmp_path):
    before = threading.active_count()
    with pytest.raises(OSError):
        SmtpSink(tmp_path, port=sink.port).start()
    assert threading.active_count() == before
    with pytest.raises(RuntimeError):
        sink.start()


@contextlib.contextmanager
def running(tmp_path):
    script = Path(smtp_sink.__file__)
    port_file = tmp_path / "port"
    command = [sys.executable, str(script), "--port", "0"]
    command += ["--dir", str(tmp_path / "mails"), "--port-file", str(port_file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process, port_file
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


def wait_for(path):
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, "the port file never came"
        time.sleep(0.02)
    return int(path.read_text())


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_command_line(tmp_path, stop):
    with running(tmp_path) as (process, port_file):
        port = wait_for(port_file)
        assert int(process.stdout.readline()) == port
        send(port, invoice_mail())
        process.send_signal(stop)
        assert process.wait(timeout=10) == 0
    assert not port_file.exists()
    (kept,) = (tmp_path / "mails").iterdir()
    assert kept.name == "0001.eml"
    assert b"facture-1.pdf" in kept.read_bytes()

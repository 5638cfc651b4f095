"""A headless Chromium driven over its own protocol: log in, go somewhere, look."""

import base64
import itertools
import json
import pathlib
import shutil
import subprocess
import tempfile
import time

import requests
import websocket

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--remote-allow-origins=*",
    "--remote-debugging-port=0",
    "--lang=fr",
    "--accept-lang=fr-BE,fr",
)
NAMES = ("chromium", "google-chrome", "chromium-browser")


class Browser:
    """One page. Use as a context manager."""

    def __init__(self, width=1366, height=860):
        self.size = width, height
        self.home = tempfile.mkdtemp(prefix="facturex-browser-")
        self.ids = itertools.count(1)

    def __enter__(self):
        binary = next(filter(None, map(shutil.which, NAMES)), None)
        if not binary:
            raise SystemExit("Chromium is missing: run make setup")
        self.process = subprocess.Popen(
            [binary, *FLAGS, f"--user-data-dir={self.home}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        port = self._wait(self._port, "Chromium did not start")
        pages = requests.get(f"http://127.0.0.1:{port}/json", timeout=10).json()
        page = next(page for page in pages if page["type"] == "page")
        self.socket = websocket.create_connection(
            page["webSocketDebuggerUrl"], timeout=60, suppress_origin=True
        )
        self.call("Page.enable")
        self.resize(*self.size)
        return self

    def __exit__(self, *_exception):
        self.socket.close()
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.home, ignore_errors=True)

    def _port(self):
        path = pathlib.Path(self.home, "DevToolsActivePort")
        return path.exists() and path.read_text().split("\n")[0]

    def _wait(self, condition, failure, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if result := condition():
                return result
            time.sleep(0.2)
        raise TimeoutError(failure)

    def call(self, method, **params):
        message = next(self.ids)
        self.socket.send(
            json.dumps({"id": message, "method": method, "params": params})
        )
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == message:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def run(self, script):
        """The value of a JavaScript expression, promises awaited."""
        result = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"].get("text", "script failed"))
        return result["result"].get("value")

    def resize(self, width, height):
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def open(self, url, ready="document.readyState === 'complete'"):
        self.call("Page.navigate", url=url)
        time.sleep(0.5)
        self.wait_for(ready)

    def wait_for(self, condition, seconds=40):
        def holds():
            try:
                return self.run(f"Boolean({condition})")
            except RuntimeError:  # the page is changing
                return False

        self._wait(holds, f"never true: {condition}", seconds)

    def click(self, selector, text=None):
        found = (
            f"[...document.querySelectorAll({json.dumps(selector)})]"
            f".find(e => !{json.dumps(text)}"
            f" || e.innerText.trim().includes({json.dumps(text)}))"
        )
        self.wait_for(found)
        self.run(f"{found}.click()")
        time.sleep(0.6)

    def upload(self, selector, paths):
        """Put files in a file input, as a person's file dialog would."""
        document = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=document, selector=selector)
        self.call(
            "DOM.setFileInputFiles",
            nodeId=node["nodeId"],
            files=[str(path) for path in paths],
        )

    def login(self, url, login, password):
        self.open(f"{url}/web/login")
        self.run("document.querySelector('#login').value = " + json.dumps(login))
        self.run("document.querySelector('#password').value = " + json.dumps(password))
        self.run("document.querySelector('form.oe_login_form').submit()")
        self.wait_for("!location.pathname.startsWith('/web/login')")

    def shot(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

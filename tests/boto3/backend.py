"""A back end that remembers what it was asked, and answers what a test wants."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Backend:
    """Answers every request; `answer` changes how."""

    def __init__(self):
        self.requests = []
        self.release = threading.Event()
        self.hold = False
        self.answer()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, status=200, body=b"{}", headers=(("Content-Type", "application/json"),)):
        """How the back end answers from now on."""
        self.status, self.body, self.headers = status, body, headers

    @property
    def seen(self):
        """The last request."""
        return self.requests[-1]

    def handler(backend):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                length = int(self.headers.get("Content-Length") or 0)
                request = {
                    "method": self.command,
                    "path": self.path,
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                    "body": self.rfile.read(length),
                }
                backend.requests.append(request)
                if backend.hold:
                    backend.release.wait(20)
                self.send_response(backend.status)
                for name, value in backend.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(backend.body)))
                self.end_headers()
                self.wfile.write(backend.body)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = handle_one

            def log_message(self, *_):
                pass

        return Handler

    def stop(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


class Function(Backend):
    """A back end in the place of a Lambda function."""

    def returns(self, value):
        self.answer(body=json.dumps(value).encode())

    @property
    def event(self):
        return json.loads(self.seen["body"])

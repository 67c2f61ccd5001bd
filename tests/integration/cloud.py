"""Run in a container: a web server on 8081 that knows one user by an application password."""

from base64 import b64encode
from http.server import BaseHTTPRequestHandler, HTTPServer

KNOWN = "Basic " + b64encode(b"user1@example.com:application password").decode()


class Cloud(BaseHTTPRequestHandler):
    """Answers PROPFIND as WebDAV does (RFC 4918)."""

    def do_PROPFIND(self) -> None:
        """207 for who is known, else 401."""
        self.send_response(207 if self.headers["Authorization"] == KNOWN else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()


HTTPServer(("127.0.0.1", 8081), Cloud).serve_forever()

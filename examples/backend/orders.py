#!/usr/bin/env python3
"""Sample back end: an orders service that caches in the Redis or Valkey of its CachedApi.

It needs Python 3.9 and nothing else. What to connect to and with which credential it reads from the bound Secret, in the
shape of the Service Binding specification: one file per key under $SERVICE_BINDING_ROOT/<binding>/. How long an answer may
be kept, and for whom, it is told by the gateway with every request, in the X-CachedApi-* headers.

    SERVICE_BINDING_ROOT=/bindings python3 orders.py --port 8080
"""

import argparse
import hashlib
import json
import os
import socket
import ssl
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


class Cache:
    """One authenticated TLS connection that speaks RESP, the protocol of Redis and Valkey."""

    def __init__(self, binding):
        # Certificates are checked against the system's authorities, or those in $SSL_CERT_FILE.
        plain = socket.create_connection((binding["host"], int(binding["port"])), timeout=2)
        self.socket = ssl.create_default_context().wrap_socket(plain, server_hostname=binding["host"])
        self.replies = self.socket.makefile("rb")
        # The user may touch no other keys.
        self.prefix = binding.get("keyPrefix", "")
        self.command("AUTH", binding["username"], binding["password"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.replies.close()
        self.socket.close()

    def command(self, *words):
        parts = [str(word).encode() for word in words]
        bulk = b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        self.socket.sendall(b"*%d\r\n%s" % (len(parts), bulk))
        return self.reply()

    def reply(self):
        line = self.replies.readline()
        if not line:
            raise OSError("the cache closed the connection")
        kind, text = line[:1], line[1:-2]
        if kind == b"$":
            return None if text == b"-1" else self.replies.read(int(text) + 2)[:-2]
        if kind in (b"+", b":"):
            return text
        # The reply may repeat what was sent, a password for one: only its first word goes into a log.
        raise OSError("the cache answered " + text.split(b" ")[0].decode("ascii", "replace"))


def read_binding():
    """The first binding of type redis or valkey. Read anew for every connection: the credential changes when it is rotated."""
    for folder in sorted(Path(os.environ["SERVICE_BINDING_ROOT"]).iterdir()):
        if folder.is_dir():
            binding = {file.name: file.read_text().strip() for file in folder.iterdir() if file.is_file()}
            if binding.get("type") in ("redis", "valkey"):
                return binding
    raise OSError("no binding of type redis or valkey in SERVICE_BINDING_ROOT")


def cache_key(path, headers):
    """Everything the answer depends on: the path, the parts the route names and, unless the answer is shared, the caller."""
    url = urlsplit(path)
    query = parse_qs(url.query, keep_blank_values=True)
    parts = {
        "path": url.path,
        "query": {name: query.get(name) for name in names(headers, "X-CachedApi-Key-Query")},
        "headers": {name: headers.get(name) for name in names(headers, "X-CachedApi-Key-Headers")},
        "caller": headers.get("X-CachedApi-Caller") if headers.get("X-CachedApi-Scope") != "shared" else None,
    }
    return "orders:" + hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def names(headers, header):
    return [name.strip() for name in headers.get(header, "").split(",") if name.strip()]


def may_be_cached(headers):
    """A time to live above zero and, unless the answer is shared, a caller to keep it for."""
    shared = headers.get("X-CachedApi-Scope") == "shared"
    return int(headers.get("X-CachedApi-Ttl", "0")) > 0 and (shared or "X-CachedApi-Caller" in headers)


def compute(path):
    """The expensive part that a cache saves."""
    parts = urlsplit(path).path.strip("/").split("/")
    if parts[0] != "orders" or len(parts) > 2:
        return None
    orders = parts[1:] or ["41", "42", "43"]
    return json.dumps({"orders": [{"id": order, "item": "book"} for order in orders], "computedAt": time.time()}).encode()


def answer(path, headers):
    """The body and what the cache had to do with it: miss, hit, or bypass."""
    if not may_be_cached(headers):
        return compute(path), "bypass"
    try:
        with Cache(read_binding()) as cache:
            key = cache.prefix + cache_key(path, headers)
            found = cache.command("GET", key)
            if found is not None:
                return found, "hit"
            body = compute(path)
            if body is not None:
                cache.command("SET", key, body.decode(), "EX", headers["X-CachedApi-Ttl"])
            return body, "miss"
    except OSError as error:
        print(f"served without the cache: {error}", flush=True)
        return compute(path), "bypass"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body, cache = answer(self.path, self.headers)
        self.send_response(200 if body else 404)
        body = body or b'{"message": "no such path"}'
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Cache", cache)
        self.end_headers()
        self.wfile.write(body)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--port", type=int, default=8080)
    arguments.add_argument("--address", default="127.0.0.1")
    chosen = arguments.parse_args()
    ThreadingHTTPServer((chosen.address, chosen.port), Handler).serve_forever()


if __name__ == "__main__":
    main()

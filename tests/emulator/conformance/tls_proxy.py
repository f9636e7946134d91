#!/usr/bin/env python3
"""Ends TLS and passes the bytes on: tls_proxy.py LISTEN:PORT TO:PORT CERT KEY

rclone's hosts are fixed and https only; this stands before the emulator.
Prints `ready` once it listens.
"""

import socket
import ssl
import sys
import threading


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def serve(raw, context, backend):
    try:
        client = context.wrap_socket(raw, server_side=True)
        server = socket.create_connection(backend)
    except OSError as error:
        print(f"tls_proxy: {error}", file=sys.stderr)
        raw.close()
        return
    for ends in ((client, server), (server, client)):
        threading.Thread(target=copy, args=ends, daemon=True).start()


def main():
    listen, backend, certificate, key = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["http/1.1"])
    listener = socket.create_server(address(listen))
    print("ready", flush=True)
    while True:
        raw, _ = listener.accept()
        job = (raw, context, address(backend))
        threading.Thread(target=serve, args=job, daemon=True).start()


if __name__ == "__main__":
    main()

"""Run in a container: a proxy's connection to Dovecot. `proxied.py ADDRESS PORT` prints the greeting.

It comes from ADDRESS and says that it speaks for 203.0.113.9 (PROXY protocol, version 1).
"""

import socket
import sys

source, port = sys.argv[1], int(sys.argv[2])
with socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(source, 0)) as connection:
    connection.sendall(b"PROXY TCP4 203.0.113.9 192.0.2.1 40000 143\r\n")
    greeting = connection.recv(1000)
    if not greeting:
        sys.exit("no greeting")
    print(greeting.decode())
    connection.sendall(b"a LOGOUT\r\n")
    while connection.recv(1000):
        pass

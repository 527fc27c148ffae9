"""Which programs wait for connections, as the kernel lists them."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from quarterdeck.sockets import listening_sockets

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux lists them")


def test_one_that_listens_is_found_by_its_number_and_one_that_only_connects_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            listens, connects = (str(os.fstat(each.fileno()).st_ino) for each in (server, client))
            found = {each.inode: each for each in listening_sockets()}

    assert (found[listens].address, found[listens].port) == ("0100007F", port)
    assert connects not in found


def test_of_a_process_that_is_gone_nothing_is_told() -> None:
    assert list(listening_sockets(2**22 + 1)) == []

# SPDX-License-Identifier: MIT
"""
One method call on a bus, by libsystemd: a process for each would take most of the time of the tests. Arguments are words,
and values come back, as busctl has both. Every call has a connection of its own, so that threads may call.
"""
import contextlib
import ctypes
import os

TIMEOUT_USEC = 50_000_000
NUMBERS = {"y": ctypes.c_uint8, "b": ctypes.c_int, "n": ctypes.c_int16, "q": ctypes.c_uint16, "i": ctypes.c_int32,
           "u": ctypes.c_uint32, "x": ctypes.c_int64, "t": ctypes.c_uint64, "h": ctypes.c_int, "d": ctypes.c_double}
CLOSING = {"(": ")", "{": "}"}

library = ctypes.CDLL("libsystemd.so.0")


class BusError(Exception):
    """A method answered with an error: its `text`, and its `name` where that is known."""

    def __init__(self, text, name=None):
        super().__init__(text)
        self.text, self.name = text, name


class Error(ctypes.Structure):
    """sd_bus_error"""
    _fields_ = [("name", ctypes.c_char_p), ("message", ctypes.c_char_p), ("need_free", ctypes.c_int)]


def do(function, *arguments):
    """Calls a function of the library, which is to succeed; returns what it does."""
    status = getattr(library, f"sd_bus_{function}")(*arguments)
    if status < 0:
        raise OSError(-status, f"sd_bus_{function}: {os.strerror(-status)}")
    return status


@contextlib.contextmanager
def owned(kind):
    """A pointer to an object of the library, which is given back."""
    pointer = ctypes.c_void_p()
    try:
        yield pointer
    finally:
        getattr(library, f"sd_bus_{kind}")(pointer)


def types(signature):
    """The complete types of a signature."""
    while signature:
        end, depth = 0, 0
        while True:
            depth += (signature[end] in CLOSING) - (signature[end] in CLOSING.values())
            end += 1
            if depth == 0 and signature[end - 1] != "a":
                break
        yield signature[:end]
        signature = signature[end:]


def append(message, signature, words):
    """Takes from the iterator `words` what the signature asks for."""
    for kind in types(signature):
        if kind in NUMBERS:
            word = next(words)
            number = float(word) if kind == "d" else str(word) in ("1", "true", "yes") if kind == "b" else int(word)
            do("message_append_basic", message, ctypes.c_char(kind.encode()), ctypes.byref(NUMBERS[kind](number)))
        elif kind in "sog":
            do("message_append_basic", message, ctypes.c_char(kind.encode()), ctypes.c_char_p(str(next(words)).encode()))
        else:
            append_container(message, kind, words)


def append_container(message, kind, words):
    contents = next(words) if kind == "v" else kind[1:] if kind[0] == "a" else kind[1:-1]
    count = int(next(words)) if kind[0] == "a" else 1
    code = {"(": b"r", "{": b"e"}.get(kind[0], kind[:1].encode())
    do("message_open_container", message, ctypes.c_char(code), contents.encode())
    for _ in range(count):
        append(message, contents, words)
    do("message_close_container", message)


def read(message):
    """The values up to the end of the message, or of the container."""
    values = []
    kind, contents = ctypes.c_char(), ctypes.c_char_p()
    while do("message_peek_type", message, ctypes.byref(kind), ctypes.byref(contents)):
        code = kind.value.decode()
        if code in NUMBERS or code in "sog":
            value = NUMBERS.get(code, ctypes.c_char_p)()
            do("message_read_basic", message, kind, ctypes.byref(value))
            values.append(bool(value.value) if code == "b" else value.value if code in NUMBERS else value.value.decode())
            continue
        inner = contents.value.decode()
        do("message_enter_container", message, kind, contents)
        found = read(message)
        do("message_exit_container", message)
        values.append({"type": inner, "data": found[0]} if code == "v" else
                      dict(found) if code == "a" and inner[0] == "{" else found)
    return values


def call(address, destination, path, interface, member, signature="", *words):
    """The values of the reply."""
    error = Error()
    names = [name.encode() for name in (destination, path, interface, member)]
    with owned("flush_close_unref") as bus, owned("message_unref") as message, owned("message_unref") as reply:
        do("new", ctypes.byref(bus))
        do("set_address", bus, address.encode())
        do("set_bus_client", bus, 1)
        do("start", bus)
        do("message_new_method_call", bus, ctypes.byref(message), *names)
        append(message, signature, iter(words))
        try:
            do("call", bus, message, ctypes.c_uint64(TIMEOUT_USEC), ctypes.byref(error), ctypes.byref(reply))
        except OSError as failure:
            text = (error.message or failure.strerror.encode()).decode()
            raise BusError(text, (error.name or b"").decode() or None) from None
        finally:
            library.sd_bus_error_free(ctypes.byref(error))
        return read(reply)

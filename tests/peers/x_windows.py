#!/usr/bin/python3
"""What a window manager would do, on a screen that has none: look, cover, close.

  x_windows.py list          titles of the screen's windows, the topmost first, one a line
  x_windows.py cover         puts a window over the whole screen, prints "ready" and keeps it until it is ended
  x_windows.py close TITLE   asks the window with this title to close, as its close button does

Speaks to libX11 directly, because every machine with a web view has that library.
"""

import ctypes
import signal
import sys

X = ctypes.CDLL("libX11.so.6")
ID = ctypes.c_ulong
CLIENT_MESSAGE = 33


class ClientMessage(ctypes.Structure):
    """XClientMessageEvent, padded to the size of XEvent."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ID),
        ("message_type", ID),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("padding", ctypes.c_long * 12),
    ]


X.XOpenDisplay.restype = ctypes.c_void_p
X.XDefaultRootWindow.argtypes, X.XDefaultRootWindow.restype = [ctypes.c_void_p], ID
X.XInternAtom.argtypes, X.XInternAtom.restype = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int], ID
X.XQueryTree.argtypes = [ctypes.c_void_p, ID] + [ctypes.c_void_p] * 4
X.XFetchName.argtypes = [ctypes.c_void_p, ID, ctypes.c_void_p]
X.XFree.argtypes = [ctypes.c_void_p]
X.XCreateSimpleWindow.argtypes = [ctypes.c_void_p, ID] + [ctypes.c_int] * 5 + [ctypes.c_ulong] * 2
X.XCreateSimpleWindow.restype = ID
X.XStoreName.argtypes = [ctypes.c_void_p, ID, ctypes.c_char_p]
X.XMapRaised.argtypes = [ctypes.c_void_p, ID]
X.XSendEvent.argtypes = [ctypes.c_void_p, ID, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]
X.XSync.argtypes = [ctypes.c_void_p, ctypes.c_int]


def windows(display):
    """The screen's windows and their titles, the topmost first."""
    root, parent, count = ID(), ID(), ctypes.c_uint()
    children = ctypes.POINTER(ID)()
    X.XQueryTree(
        display,
        X.XDefaultRootWindow(display),
        ctypes.byref(root),
        ctypes.byref(parent),
        ctypes.byref(children),
        ctypes.byref(count),
    )
    found = []
    for at in reversed(range(count.value)):
        name = ctypes.c_char_p()
        if X.XFetchName(display, children[at], ctypes.byref(name)) and name.value:
            found.append((children[at], name.value.decode("utf-8", "replace")))
            X.XFree(name)
    X.XFree(children)
    return found


def cover(display):
    window = X.XCreateSimpleWindow(display, X.XDefaultRootWindow(display), 0, 0, 4000, 4000, 0, 0, 0)
    X.XStoreName(display, window, b"cover")
    X.XMapRaised(display, window)
    X.XSync(display, 0)
    print("ready", flush=True)
    signal.pause()


def close(display, title):
    found = [window for window, name in windows(display) if name == title]
    if not found:
        sys.exit(f"no window with the title: {title}")
    event = ClientMessage(type=CLIENT_MESSAGE, window=found[0], format=32)
    event.message_type = X.XInternAtom(display, b"WM_PROTOCOLS", 0)
    event.data[0] = X.XInternAtom(display, b"WM_DELETE_WINDOW", 0)
    X.XSendEvent(display, found[0], 0, 0, ctypes.byref(event))
    X.XSync(display, 0)


def main():
    display = X.XOpenDisplay(None)
    if not display:
        sys.exit("no screen")
    match sys.argv[1:]:
        case ["list"]:
            print("\n".join(name for _, name in windows(display)))
        case ["cover"]:
            cover(display)
        case ["close", title]:
            close(display, title)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()

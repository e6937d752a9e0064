#!/usr/bin/python3
"""A desktop notification server that writes down what it is asked to show.

It owns org.freedesktop.Notifications on the session bus and appends one JSON object a line to a file:
  {"event": "ready"}                        the name is owned
  {"event": "notify", "id": …, …}           one Notify call with all its parts
  {"event": "close", "id": …, "reason": …}  a notification went away
It draws nothing and never expires anything by itself. A test can press a button by calling
org.andon.NotificationRecorder.Press(id, action) on the same object, or have every notification pressed at once
with --press ACTION. Needs Debian's python3-dbus and python3-gi, hence the fixed interpreter.

usage: notification_recorder.py FILE [--press ACTION]
"""

import argparse
import json
import signal
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
CONTROL = "org.andon.NotificationRecorder"

# The reasons of the Desktop Notifications specification.
DISMISSED, CLOSED_BY_CALL = 2, 3


def plain(value):
    """A D-Bus value as JSON: numbers, text, lists and objects; images become their length."""
    if isinstance(value, dbus.Boolean):
        return bool(value)
    if isinstance(value, dbus.Array) and value.signature == "y":
        return {"bytes": len(value)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        return int(value)
    return str(value)


class Recorder(dbus.service.Object):
    """The notification server and, on the same object, the tests' control interface."""

    def __init__(self, bus, out, press):
        super().__init__(bus, PATH)
        self.out = out
        self.press = press
        self.next_id = 1
        self.showing = {}

    def record(self, **event):
        self.out.write(json.dumps(event, ensure_ascii=False) + "\n")
        self.out.flush()

    @dbus.service.method(NAME, in_signature="susssasa{sv}i", out_signature="u")
    def Notify(self, app, replaces, icon, summary, body, actions, hints, timeout):
        number = int(replaces)
        if number == 0:
            number = self.next_id
            self.next_id += 1
        pairs = [{"key": str(k), "label": str(v)} for k, v in zip(actions[::2], actions[1::2])]
        self.showing[number] = [pair["key"] for pair in pairs]
        self.record(
            event="notify",
            id=number,
            app=str(app),
            replaces=int(replaces),
            icon=str(icon),
            summary=str(summary),
            body=str(body),
            actions=pairs,
            urgency=int(hints["urgency"]) if "urgency" in hints else None,
            hints=plain(hints),
            timeout=int(timeout),
        )
        if self.press is not None:
            # After the answer to this call has left, so that the caller knows the id.
            GLib.timeout_add(100, self.press_once, number, self.press)
        return number

    def press_once(self, number, action):
        if action in self.showing.get(number, []):
            self.Press(number, action)
        return False

    @dbus.service.method(NAME, in_signature="u")
    def CloseNotification(self, number):
        self.close(int(number), CLOSED_BY_CALL)

    @dbus.service.method(NAME, out_signature="as")
    def GetCapabilities(self):
        return ["body", "body-markup", "actions", "persistence"]

    @dbus.service.method(NAME, out_signature="ssss")
    def GetServerInformation(self):
        return ("andon-notification-recorder", "andon", "1", "1.2")

    @dbus.service.method(CONTROL, in_signature="us")
    def Press(self, number, action):
        if action not in self.showing.get(int(number), []):
            raise dbus.DBusException(f"no such button on notification {int(number)}: {action}")
        self.ActionInvoked(number, action)
        self.close(int(number), DISMISSED)

    @dbus.service.signal(NAME, signature="us")
    def ActionInvoked(self, number, action):
        pass

    @dbus.service.signal(NAME, signature="uu")
    def NotificationClosed(self, number, reason):
        pass

    def close(self, number, reason):
        if self.showing.pop(number, None) is not None:
            self.record(event="close", id=number, reason=reason)
            self.NotificationClosed(number, reason)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("file", help="JSON lines are appended here")
    options.add_argument("--press", metavar="ACTION", help="press this button on every notification that has it")
    arguments = options.parse_args()

    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SessionBus()
    loop = GLib.MainLoop()
    with open(arguments.file, "a", encoding="utf-8") as out:
        recorder = Recorder(bus, out, arguments.press)
        reply = bus.request_name(NAME, dbus.bus.NAME_FLAG_DO_NOT_QUEUE)
        if reply != dbus.bus.REQUEST_NAME_REPLY_PRIMARY_OWNER:
            sys.exit("another notification server runs on this bus")
        recorder.record(event="ready")
        for number in (signal.SIGTERM, signal.SIGINT):
            GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, loop.quit)
        loop.run()


if __name__ == "__main__":
    main()

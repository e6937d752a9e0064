import { afterEach, describe, expect, it, vi } from "vitest";
import { call, useTransport } from "./call";
import { noteServerTime, serverNow } from "./clock.svelte";
import { connection, noteReached, onPushed, startEvents } from "./connection.svelte";
import { ApiError, toApiError } from "./errors";
import { browserTransport, windowTransport, type Transport } from "./transport";

const { invoke } = vi.hoisted(() => ({ invoke: vi.fn() }));
vi.mock("@tauri-apps/api/core", () => ({ invoke, isTauri: () => false }));

function answering(status: number, body: string): ReturnType<typeof browserTransport> {
  return browserTransport(() => Promise.resolve(new Response(body, { status })));
}
async function failure(promise: Promise<unknown>): Promise<ApiError> {
  return promise.then(
    () => {
      throw new Error("it answered");
    },
    (raw: unknown) => toApiError(raw),
  );
}

afterEach(() => {
  noteReached();
});

describe("the browser's way", () => {
  it("posts JSON with the header that a foreign page cannot set", async () => {
    const fetcher = vi.fn((_input: RequestInfo | URL, _init?: RequestInit) => Promise.resolve(new Response('{"a":1}', { status: 200 })));
    await expect(browserTransport(fetcher).call("approval_get", { id: "x" })).resolves.toEqual({ a: 1 });
    const [url, init] = fetcher.mock.calls[0] ?? [];
    expect(url).toBe("/api/approval_get");
    expect(init).toMatchObject({ method: "POST", credentials: "same-origin", body: '{"id":"x"}', headers: { "X-Andon": "1", "Content-Type": "application/json" } });
  });
  it("passes on the engine's code, hint and reference", async () => {
    const error = await failure(answering(409, '{"code":"digest_changed","message":"the request changed","hint":"Read it again.","request_id":"r-7"}').call("x", {}));
    expect([error.code, error.message, error.hint, error.requestId]).toEqual(["digest_changed", "the request changed", "Read it again.", "r-7"]);
  });
  it("never shows a page that something between answered", async () => {
    const error = await failure(answering(502, "<html>Bad gateway at 10.1.2.3</html>").call("x", {}));
    expect(error.code).toBe("http");
    expect(error.message).toBe("the console answered with status: 502");
  });
  it("tells an ended session and an unreadable answer apart", async () => {
    expect((await failure(answering(401, "").call("x", {}))).code).toBe("not_signed_in");
    expect((await failure(answering(200, "<html>").call("x", {}))).code).toBe("internal");
  });
  it("says offline when no answer comes", async () => {
    const error = await failure(browserTransport(() => Promise.reject(new TypeError("failed"))).call("x", {}));
    expect([error.code, error.isOffline]).toEqual(["offline", true]);
  });
});

describe("the window's way", () => {
  it("calls the command by its name with one argument", async () => {
    invoke.mockResolvedValueOnce({ ok: true });
    await expect(windowTransport().call("session_get", {})).resolves.toEqual({ ok: true });
    expect(invoke).toHaveBeenCalledWith("session_get", { request: {} });
  });
  it("turns what it rejects with into the same error", async () => {
    invoke.mockRejectedValueOnce({ code: "not_permitted", message: "no", hint: "Ask an admin.", request_id: "r-1" });
    expect(await failure(windowTransport().call("x", {}))).toMatchObject({ code: "not_permitted", hint: "Ask an admin.", requestId: "r-1" });
    invoke.mockRejectedValueOnce("command x not allowed");
    expect(await failure(windowTransport().call("x", {}))).toMatchObject({ code: "internal", message: "command x not allowed" });
  });
});

describe("a call", () => {
  const fake = (answer: () => Promise<unknown>): Transport => ({ name: "browser", call: answer, subscribe: () => () => undefined });

  it("locks when the console is lost, and says when it is back", async () => {
    const back = vi.fn();
    const end = onPushed("resync", back);
    useTransport(fake(() => Promise.reject(new ApiError("offline", "gone"))));
    await failure(call("session_get", {}));
    expect(connection.isLost).toBe(true);
    useTransport(fake(() => Promise.resolve({})));
    await call("session_get", {});
    expect(connection.isLost).toBe(false);
    expect(back).toHaveBeenCalledTimes(1);
    end();
  });
  it("keeps the engine's time", async () => {
    useTransport(fake(() => Promise.resolve({ server_time: new Date(Date.now() + 3_600_000).toISOString() })));
    await call("session_get", {});
    expect(Math.abs(serverNow() - Date.now() - 3_600_000)).toBeLessThan(2_000);
    noteServerTime("not a time");
    expect(Math.abs(serverNow() - Date.now() - 3_600_000)).toBeLessThan(2_000);
  });
  it("asks everybody again when the event stream comes back, for events were missed", () => {
    const again = vi.fn();
    const end = onPushed("resync", again);
    let state: (open: boolean) => void = () => undefined;
    const probe = vi.fn();
    startEvents({ name: "browser", call: () => Promise.resolve(null), subscribe: (_event, onState) => { state = onState; return () => undefined; } }, probe);
    state(true);
    expect(again).not.toHaveBeenCalled();
    state(false);
    expect(probe).toHaveBeenCalledTimes(1);
    state(true);
    expect(again).toHaveBeenCalledTimes(1);
    end();
  });
});

// The way to the engine. In the window: Tauri commands and one event. In a browser: POST /api/<command> and an
// event stream, same origin, with the cookie. Nothing outside this folder knows which of the two is in use.
import { invoke, isTauri } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { ApiError, httpError, offlineError, toApiError } from "./errors";
import type { ApiEvent } from "./types";

/** What the engine pushes: something changed, ask again. */
export type Pushed = ApiEvent;

/** One way to the engine. */
export interface Transport {
  readonly name: "window" | "browser";
  /** Runs one command. Rejects with `ApiError` and nothing else. */
  call(command: string, request: unknown): Promise<unknown>;
  /** Calls `onEvent` for each event and `onState` when the stream opens or breaks. Returns what ends it. */
  subscribe(onEvent: (event: Pushed) => void, onState: (open: boolean) => void): () => void;
}

/** The transport for where this page runs. */
export function chooseTransport(): Transport {
  return isTauri() ? windowTransport() : browserTransport();
}

/** Tauri commands, by name, each with one argument `request`. */
export function windowTransport(): Transport {
  return {
    name: "window",
    async call(command, request) {
      try {
        return await invoke<unknown>(command, { request });
      } catch (raw) {
        throw toApiError(raw);
      }
    },
    subscribe(onEvent, onState) {
      let ended = false;
      let end: (() => void) | undefined;
      void listen<unknown>("andon://event", (event) => {
        if (isPushed(event.payload)) onEvent(event.payload);
      }).then(
        (unlisten) => {
          if (ended) unlisten();
          else {
            end = unlisten;
            onState(true);
          }
        },
        () => {
          onState(false);
        },
      );
      return () => {
        ended = true;
        end?.();
      };
    },
  };
}

/** JSON over HTTP and server-sent events, same origin. */
export function browserTransport(fetcher: typeof fetch = (input, init) => fetch(input, init)): Transport {
  return {
    name: "browser",
    async call(command, request) {
      let response: Response;
      try {
        response = await fetcher(`/api/${command}`, {
          method: "POST",
          credentials: "same-origin",
          cache: "no-store",
          redirect: "error",
          headers: { "Content-Type": "application/json", Accept: "application/json", "X-Andon": "1" },
          body: JSON.stringify(request ?? null),
        });
      } catch {
        throw offlineError();
      }
      const body = await readJson(response);
      if (!response.ok) throw httpError(response.status, body);
      return body;
    },
    subscribe(onEvent, onState) {
      const source = new EventSource("/api/events", { withCredentials: true });
      source.onopen = () => {
        onState(true);
      };
      source.onerror = () => {
        onState(false);
      };
      source.onmessage = (message: MessageEvent<string>) => {
        const payload = parse(message.data);
        if (isPushed(payload)) onEvent(payload);
      };
      return () => {
        source.close();
      };
    },
  };
}

async function readJson(response: Response): Promise<unknown> {
  let body: string;
  try {
    body = await response.text();
  } catch {
    throw offlineError();
  }
  if (body === "") return null;
  const value = parse(body);
  if (value === undefined && response.ok) throw new ApiError("internal", "the console answered something unreadable");
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isPushed(value: unknown): value is Pushed {
  return typeof value === "object" && value !== null && typeof (value as { kind?: unknown }).kind === "string";
}

// One typed call of the command table, over whichever transport this page has.
import { noteServerTime } from "./clock.svelte";
import { noteReached, noteUnreached } from "./connection.svelte";
import { toApiError } from "./errors";
import { chooseTransport, type Transport } from "./transport";
import type { CommandName, Commands } from "./types";

let transport: Transport | undefined;

/** The transport in use; chosen on first need. */
export function currentTransport(): Transport {
  transport ??= chooseTransport();
  return transport;
}

/** Replaces the transport, for tests. */
export function useTransport(other: Transport): void {
  transport = other;
}

/** Runs one command of the table. Rejects with `ApiError`. */
export async function call<C extends CommandName>(command: C, request: Commands[C]["request"]): Promise<Commands[C]["response"]> {
  const started = performance.now();
  try {
    const response = await currentTransport().call(command, request);
    noteReached();
    noteTime(response, performance.now() - started);
    return response as Commands[C]["response"];
  } catch (raw) {
    const error = toApiError(raw);
    if (error.isOffline) noteUnreached();
    else noteReached();
    throw error;
  }
}

function noteTime(response: unknown, roundTripMs: number): void {
  if (typeof response !== "object" || response === null) return;
  const time = (response as { server_time?: unknown }).server_time;
  if (typeof time === "string") noteServerTime(time, roundTripMs);
}

// What screens may use of the engine: typed calls, pushed events, the engine's clock, the way's state, who is signed in.
export { call, currentTransport, useTransport } from "./call";
export { now, serverNow, startClock } from "./clock.svelte";
export { connection, onPushed } from "./connection.svelte";
export { ApiError, toApiError } from "./errors";
export { onOpenRequest } from "./opened";
export { currentSession, refreshSession, sessionFailure, startSession, switchUser, systemStatus } from "./session.svelte";
export type { Pushed, Transport } from "./transport";
export * from "./types";

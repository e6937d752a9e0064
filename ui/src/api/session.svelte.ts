// Who is signed in, and how the systems are: asked once, kept fresh by events and by a slow poll.
import { call, currentTransport } from "./call";
import { connection, onPushed, startEvents } from "./connection.svelte";
import { toApiError, type ApiError } from "./errors";
import type { SessionView, StatusView } from "./types";

let session = $state.raw<SessionView | null>(null);
let status = $state.raw<StatusView | null>(null);
let failure = $state.raw<ApiError | null>(null);

const POLL_MS = 10_000;
const LOST_POLL_MS = 3_000;

/** Who is signed in, reactive; null until known. */
export function currentSession(): SessionView | null {
  return session;
}

/** How the systems are, reactive; null until known. */
export function systemStatus(): StatusView | null {
  return status;
}

/** Why the session could not be read, reactive. */
export function sessionFailure(): ApiError | null {
  return failure;
}

/** Asks again who is signed in and how the systems are. */
export async function refreshSession(): Promise<void> {
  try {
    [session, status] = await Promise.all([call("session_get", {}), call("status_get", {})]);
    failure = null;
  } catch (raw) {
    failure = toApiError(raw);
  }
}

/** Signs in as another person of the demo's roster. */
export async function switchUser(id: string): Promise<void> {
  session = await call("session_switch", { user: id });
  userSwitched();
}

let onSwitch: () => void = () => undefined;
function userSwitched(): void {
  onSwitch();
}

/** Follows session, systems and events for as long as the page is open. */
export function startSession(onUserSwitched: () => void): () => void {
  onSwitch = onUserSwitched;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  const poll = async (): Promise<void> => {
    await refreshSession();
    if (!ended) timer = setTimeout(() => void poll(), connection.isLost ? LOST_POLL_MS : POLL_MS);
  };
  const refresh = (): void => {
    void refreshSession();
  };
  void poll();
  const ends = [
    onPushed("status_changed", refresh),
    onPushed("resync", refresh),
    startEvents(currentTransport(), refresh),
    (): void => {
      ended = true;
      clearTimeout(timer);
    },
  ];
  return () => {
    for (const end of ends) end();
  };
}

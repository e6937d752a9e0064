// Who is signed in, and how the systems are: asked once, kept fresh by events and by a slow poll.
import { call, currentTransport } from "./call";
import { connection, onPushed, startEvents } from "./connection.svelte";
import { toApiError, type ApiError } from "./errors";
import type { Session, SystemStatus } from "./types";

let session = $state.raw<Session | null>(null);
let status = $state.raw<SystemStatus | null>(null);
let failure = $state.raw<ApiError | null>(null);

const POLL_MS = 10_000;
const LOST_POLL_MS = 3_000;

/** Who is signed in, reactive; null until known. */
export function currentSession(): Session | null {
  return session;
}

/** How the systems are, reactive; null until known. */
export function systemStatus(): SystemStatus | null {
  return status;
}

/** Why the session could not be read, reactive. */
export function sessionFailure(): ApiError | null {
  return failure;
}

/** Asks again who is signed in and how the systems are. */
export async function refreshSession(): Promise<void> {
  try {
    [session, status] = await Promise.all([call("session_get", {}), call("system_status", {})]);
    failure = null;
  } catch (raw) {
    failure = toApiError(raw);
  }
}

/** Signs in as another person of the demo's roster. */
export async function switchUser(id: string): Promise<void> {
  session = await call("session_switch", { user_id: id });
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
    onPushed("reconnected", refresh),
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

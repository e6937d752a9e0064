// The Connectors screen's state: the connections as the engine last told them, and what an examination found.
import { ApiError, call, currentSession, onPushed, toApiError, type CommandName, type Commands, type ConnectionFindings, type ConnectionList, type Feed, type System } from "../../api";

const POLL_MS = 5000;

class ConnectorsStore {
  list = $state.raw<ConnectionList | null>(null);
  error = $state.raw<ApiError | null>(null);
  /** Why the last thing a person asked for was not done. */
  actionError = $state.raw<ApiError | null>(null);
  /** What is under way: `test sap`, `pause machines`. */
  busy = $state.raw<ReadonlySet<string>>(new Set());
  findings = $state.raw<ReadonlyMap<System, ConnectionFindings>>(new Map());

  #owner: string | null = null;
  #isReading = false;

  /** Follows the connections while the screen is shown. */
  start(): () => void {
    const owner = currentSession()?.user.id ?? null;
    if (owner !== this.#owner) {
      this.#owner = owner;
      this.list = this.error = this.actionError = null;
      this.findings = new Map();
    }
    void this.refresh();
    const poll = setInterval(() => void this.refresh(), POLL_MS);
    const ends = (["status_changed", "resync"] as const).map((event) => onPushed(event, () => void this.refresh()));
    return () => {
      clearInterval(poll);
      for (const end of ends) end();
    };
  }

  /** Asks how the connections are. */
  async refresh(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    const owner = this.#owner;
    try {
      const list = await call("connection_list", {});
      if (owner !== this.#owner) return;
      this.list = list;
      this.error = null;
    } catch (raw) {
      // What was known stays, and grows old by itself.
      if (owner === this.#owner) this.error = toApiError(raw);
    } finally {
      this.#isReading = false;
    }
  }

  async #act<C extends CommandName>(what: string, command: C, request: Commands[C]["request"]): Promise<Commands[C]["response"] | null> {
    if (this.busy.has(what)) return null;
    this.busy = new Set([...this.busy, what]);
    this.actionError = null;
    try {
      return await call(command, request);
    } catch (raw) {
      this.actionError = toApiError(raw);
      return null;
    } finally {
      this.busy = new Set([...this.busy].filter((one) => one !== what));
      void this.refresh();
    }
  }

  /** Asks a system how it is, now. */
  async test(system: System): Promise<void> {
    await this.#act(`test ${system}`, "connection_test", { system });
  }

  /** Looks at every part of a system. */
  async examine(system: System): Promise<void> {
    const found = await this.#act(`examine ${system}`, "connection_examine", { system });
    if (found !== null) this.findings = new Map([...this.findings, [system, found]]);
  }

  /** Pauses a feed or lets it go on. */
  async pause(feed: Feed, isPaused: boolean): Promise<void> {
    await this.#act(`pause ${feed}`, "feed_pause", { feed, is_paused: isPaused });
  }

  /** Fetches a feed as soon as possible. */
  async sync(feed: Feed): Promise<void> {
    await this.#act(`sync ${feed}`, "feed_sync", { feed });
  }

  /** Throws the mirror's copy of a system's feeds away and reads them in full. */
  async rebuild(system: System): Promise<void> {
    const feeds = this.list?.connections.find((one) => one.system === system)?.feeds.filter((one) => one.state !== "not_offered").map((one) => one.feed) ?? [];
    if (feeds.length > 0) await this.#act(`rebuild ${system}`, "mirror_rebuild", { feeds });
  }

  /** Forgets the cached answers of a system. */
  async clearCache(system: System): Promise<void> {
    await this.#act(`clear ${system}`, "cache_clear", { system });
  }
}

/** The one store of this page. */
export const connectors = new ConnectorsStore();

// A console of its own for a test: the real host program on a demo plant, in a folder that is removed afterwards.
// Not here: the browser (see browser.mjs) and what an agent says (see agent.mjs).
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { access, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { until } from "./until.mjs";

const ROOT = resolve(import.meta.dirname, "../../..");
const built = (name) => join(ROOT, process.env.CARGO_TARGET_DIR ?? "target", "debug", name);
const UI = process.env.ANDON_E2E_UI ?? join(ROOT, "ui/dist");
const run = promisify(execFile);

/**
 * Starts a console. `plant`: arguments of the demo plant; `port`: where browsers connect; `user`: who is signed in to
 * the system. With `connect` there is no demo: the plant runs apart, and `connect` turns its first line into the
 * console's environment.
 */
export async function startConsole({ plant = ["--quiet-agent"], port = 0, user = "erika", connect = null } = {}) {
  if (process.env.DBUS_SESSION_BUS_ADDRESS === undefined) throw new Error("no session bus. Run by: npm --prefix tests/e2e test");
  for (const program of [built("andonctl"), built("andon-demo-plant"), join(UI, "index.html")]) {
    await access(program).catch(() => { throw new Error(`not built: ${program}`); });
  }
  const folder = await mkdtemp(join(tmpdir(), "andon-e2e."));
  const console = new Console(folder, plant, port, user, connect);
  try {
    await console.start();
  } catch (error) {
    await console.remove();
    throw error;
  }
  return console;
}

/** A TCP port that is free now, for a console that must come back where it was. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

class Console {
  #child = null;
  #plantApart = null;

  constructor(folder, plant, port, user, connect) {
    this.folder = folder;
    this.data = join(folder, "data");
    this.errors = join(folder, "console.err");
    this.plantArguments = plant;
    this.port = port;
    this.user = user;
    this.connect = connect;
  }

  /** Starts it, or starts it again on the same folder. */
  async start() {
    this.startedAt = Date.now();
    const home = join(this.folder, "home");
    await mkdir(join(home, "config"), { recursive: true });
    const keep = Object.fromEntries(["PATH", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"].map((name) => [name, process.env[name]]));
    this.environment = {
      ...keep, HOME: home, XDG_CONFIG_HOME: join(home, "config"), USER: this.user, LANG: "C.UTF-8", TZ: "Europe/Berlin",
      ANDON_DEMO_PLANT: await this.#plantProgram(), ...(await this.#connection()),
    };
    const serve = ["serve", ...(this.connect === null ? ["--demo"] : []), "--data-dir", this.data, "--listen", `127.0.0.1:${this.port}`, "--gateway-listen", "127.0.0.1:0", "--ui", UI];
    // The kernel ends it when this test is killed, and the plant ends with it.
    const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", built("andonctl"), ...serve], { env: this.environment, cwd: this.folder, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    child.stderr.pipe(createWriteStream(this.errors, { flags: "a" }));
    const lines = createInterface({ input: child.stdout });
    const first = await Promise.race([once(lines, "line"), once(child, "exit").then(() => null)]);
    if (first === null) throw new Error(`the console ended before it was ready: ${await this.said()}`);
    this.readyAt = Date.now();
    const ready = JSON.parse(first[0]);
    const kept = JSON.parse(await readFile(join(this.data, "console.json"), "utf8"));
    this.plant = JSON.parse(await readFile(join(this.folder, "plant.json"), "utf8"));
    Object.assign(this, { link: ready.url, gateway: ready.gateway_url, origin: new URL(ready.url).origin, token: kept.control_token });
    await until("people have their signing keys", async () => (await this.call("session_get")).limited === null, 20_000);
  }

  // The program that the console starts as its plant: the real one, whose first line is also kept for the test.
  async #plantProgram() {
    const [line, program] = [join(this.folder, "plant.json"), join(this.folder, "plant.sh")];
    await writeFile(line, "");
    await writeFile(program, `#!/bin/sh\n'${built("andon-demo-plant")}' --exit-with-parent ${this.plantArguments.join(" ")} | tee '${line}'\n`);
    await chmod(program, 0o700);
    return program;
  }

  // The environment of a console that is pointed at a plant of its own.
  async #connection() {
    if (this.connect === null) return {};
    this.#plantApart = spawn("setpriv", ["--pdeathsig", "KILL", "--", join(this.folder, "plant.sh")], { stdio: ["pipe", "pipe", "ignore"] });
    const [first] = await once(createInterface({ input: this.#plantApart.stdout }), "line");
    return this.connect(JSON.parse(first));
  }

  /** Runs a command of the console as `andonctl` does; throws what it refuses. */
  async call(name, body = {}) {
    const answer = await fetch(`${this.origin}/api/${name}`, {
      method: "POST", headers: { "content-type": "application/json", "x-andon": "1", authorization: `Bearer ${this.token}` }, body: JSON.stringify(body),
    });
    const value = await answer.json();
    if (!answer.ok) throw new Error(`${name}: ${answer.status} ${JSON.stringify(value)}`);
    return value;
  }

  /** Runs `andonctl` on this console. */
  async ctl(...words) {
    const { stdout } = await run(built("andonctl"), [...words, "--data-dir", this.data], { env: this.environment });
    return stdout.trim();
  }

  /** A new one-time sign-in link. */
  freshLink() {
    return this.ctl("open");
  }

  /** Sets faults of the plant, such as `{ sap: "down" }`. */
  async faults(wanted) {
    await this.control("faults", wanted);
  }

  /** Asks something of the plant's control port. */
  async control(path, body = {}) {
    const answer = await fetch(`${this.plant.control.endpoint}/${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  }

  /** What the plant has under an order number, or null. */
  async order(number) {
    const answer = await fetch(`${this.plant.control.endpoint}/orders/${number}`);
    return answer.ok ? answer.json() : null;
  }

  /** SIGKILL: nothing in it gets to run any more. */
  async kill() {
    await this.#end("SIGKILL");
  }

  /** Ends it and removes its folder. */
  async remove() {
    await this.#end("SIGTERM");
    // It ends with its standard input.
    this.#plantApart?.stdin.end();
    await rm(this.folder, { recursive: true, force: true });
  }

  async said() {
    return (await readFile(this.errors, "utf8").catch(() => "")).split("\n").slice(-30).join("\n");
  }

  async #end(signal) {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    const force = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(force);
  }
}

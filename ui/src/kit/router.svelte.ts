// A hash router: `#/approvals/ID?key=value`. The address is the state, so links and the back button work.

/** Where the page is: the screen, the rest of the path, and the parameters. */
export interface Route {
  readonly screen: string;
  readonly rest: readonly string[];
  readonly params: URLSearchParams;
}

let current = $state.raw<Route>(parseHash(""));
let fallback = "approvals";

/** Reads a hash. An undecodable part is taken as it is written. */
export function parseHash(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const parts = path.split("/").filter((part) => part !== "").map(decode);
  return { screen: parts[0] ?? "", rest: parts.slice(1), params: new URLSearchParams(query) };
}

/** The hash for a place. */
export function href(screen: string, rest: readonly string[] = [], params: Readonly<Record<string, string>> = {}): string {
  const path = [screen, ...rest].map(encodeURIComponent).join("/");
  const query = new URLSearchParams(params).toString();
  return `#/${path}${query === "" ? "" : `?${query}`}`;
}

/** The place in use, reactive. */
export function route(): Route {
  return current;
}

/** Goes to a place. `replace` leaves no step behind for the back button. */
export function go(to: string, options: { replace?: boolean } = {}): void {
  if (to === location.hash) return;
  if (options.replace === true) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  read();
}

/** Starts to follow the address; an unknown screen becomes `home`. */
export function startRouter(home: string, isKnown: (screen: string) => boolean): () => void {
  fallback = home;
  const onChange = (): void => {
    read();
    if (!isKnown(current.screen)) go(href(fallback), { replace: true });
  };
  onChange();
  window.addEventListener("hashchange", onChange);
  window.addEventListener("popstate", onChange);
  return () => {
    window.removeEventListener("hashchange", onChange);
    window.removeEventListener("popstate", onChange);
  };
}

function read(): void {
  current = parseHash(location.hash);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

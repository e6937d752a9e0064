// What the desktop asks this page to show: a click on a notification names a request. It only opens, nothing is decided.
import { isTauri } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

/** Calls `onOpen` with the id of each request the desktop wants shown. In a browser nobody asks. Returns what ends it. */
export function onOpenRequest(onOpen: (id: string) => void): () => void {
  if (!isTauri()) return () => undefined;
  let ended = false;
  let end: (() => void) | undefined;
  void listen<unknown>("andon://open", (event) => {
    if (typeof event.payload === "string" && event.payload !== "") onOpen(event.payload);
  }).then(
    (unlisten) => {
      if (ended) unlisten();
      else end = unlisten;
    },
    () => undefined,
  );
  return () => {
    ended = true;
    end?.();
  };
}

// What is said to screen readers. One polite and one urgent region sit in the frame; everybody speaks through here.

import { untrack } from "svelte";

let polite = $state("");
let urgent = $state("");

/** The texts of the two regions, reactive. */
export const liveRegions = {
  get polite(): string {
    return polite;
  },
  get urgent(): string {
    return urgent;
  },
};

/** Says `text` when the reader pauses, or at once when `isUrgent`. */
export function announce(text: string, isUrgent = false): void {
  // A repeated text must change to be read again; a no-break space is not heard. Untracked: an effect may speak.
  untrack(() => {
    if (isUrgent) urgent = urgent === text ? `${text}\u00a0` : text;
    else polite = polite === text ? `${text}\u00a0` : text;
  });
}

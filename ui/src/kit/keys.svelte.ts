// The one registry of keys. It feeds the keyboard, the palette and the shortcuts sheet, so that the three never differ.
// Single keys do nothing while a field, a menu or a dialog has focus, and can be switched off (WCAG 2.1.4).
import { matchKeybindingPress, parseKeybinding, type KeybindingPress } from "tinykeys";
import type { MessageKey } from "../messages";

/** Where a binding belongs in the shortcuts sheet. */
export type KeyGroup = "everywhere" | "approvals" | "query" | "plant" | "erp" | "connectors" | "grid";

/** One thing a key does. */
export interface KeyBinding {
  readonly id: string;
  /** tinykeys notation: `j`, `Shift+x`, `g a`, `$mod+k`. Several mean the same. */
  readonly keys: readonly string[];
  readonly label: MessageKey;
  readonly group: KeyGroup;
  readonly run: (event: KeyboardEvent) => void;
  /** Not offered and not run while this says no. */
  readonly when?: () => boolean;
  /** Works inside a text field too (`Ctrl Enter`); only for keys with a modifier, or Escape. */
  readonly inFields?: boolean;
  /** Works inside a dialog or menu too. */
  readonly inDialogs?: boolean;
  /** Left out of the palette (movement keys). */
  readonly hidden?: boolean;
}

let bindings = $state.raw<readonly KeyBinding[]>([]);
let singleKeys = $state(true);

// A sequence must be pressed within this time: `g`, then `a`.
const SEQUENCE_MS = 1000;

/** Every binding registered now, reactive. */
export function allBindings(): readonly KeyBinding[] {
  return bindings;
}

/** Adds bindings; returns what removes them. Later ones win over earlier ones of the same keys. */
export function registerKeys(added: readonly KeyBinding[]): () => void {
  bindings = [...bindings, ...added];
  return () => {
    bindings = bindings.filter((binding) => !added.includes(binding));
  };
}

/** Turns keys without a modifier on or off. */
export function setSingleKeys(on: boolean): void {
  singleKeys = on;
}

/** True when a key press alone, without Ctrl, Alt or Meta, would trigger `keys`. */
export function isSingleKey(keys: string): boolean {
  return keys !== "Escape" && !/(\$mod|Control|Alt|Meta)\+/.test(keys);
}

/** Listens on `target`; returns what ends it. */
export function listenForKeys(target: Window = window): () => void {
  let begun: KeyboardEvent[] = [];
  const listener = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || isModifier(event.key)) return;
    const last = begun.at(-1);
    const isFresh = last !== undefined && event.timeStamp - last.timeStamp > SEQUENCE_MS;
    const presses = isFresh ? [event] : [...begun, event];
    begun = dispatch(presses);
  };
  target.addEventListener("keydown", listener);
  return () => {
    target.removeEventListener("keydown", listener);
  };
}

// Runs what the presses mean, and returns them if they only begin something. A key that follows a begun sequence
// is never read alone: `g a` goes to Approvals and must not approve.
function dispatch(presses: KeyboardEvent[]): KeyboardEvent[] {
  const event = presses.at(-1);
  if (event === undefined) return [];
  let begins = false;
  for (const binding of [...bindings].reverse()) {
    for (const keys of binding.keys) {
      const steps = parsed(keys);
      if (!startsWith(steps, presses) || !mayRun(binding, keys, event)) continue;
      if (steps.length > presses.length) {
        begins = true;
        continue;
      }
      if (begins) continue;
      event.preventDefault();
      binding.run(event);
      return [];
    }
  }
  return begins ? presses : [];
}

function startsWith(steps: readonly KeybindingPress[], presses: readonly KeyboardEvent[]): boolean {
  return presses.every((press, at) => {
    const step = steps[at];
    return step !== undefined && matchKeybindingPress(press, step);
  });
}

const parsedKeys = new Map<string, KeybindingPress[]>();
function parsed(keys: string): KeybindingPress[] {
  const known = parsedKeys.get(keys) ?? parseKeybinding(keys);
  parsedKeys.set(keys, known);
  return known;
}

function isModifier(key: string): boolean {
  return ["Shift", "Control", "Alt", "Meta", "AltGraph", "CapsLock"].includes(key);
}

function mayRun(binding: KeyBinding, keys: string, event: KeyboardEvent): boolean {
  if (event.isComposing) return false;
  if (event.repeat && binding.hidden !== true) return false;
  if (!singleKeys && isSingleKey(keys) && !isMovement(keys)) return false;
  const target = event.target;
  if (isTextEntry(target) && !(binding.inFields === true && !isSingleKey(keys))) return false;
  if (isInOverlay(target) && binding.inDialogs !== true) return false;
  return binding.when?.() ?? true;
}

// Arrows and Enter are how every list works; they are no character-key shortcuts.
function isMovement(keys: string): boolean {
  return /^(Arrow(Up|Down|Left|Right)|Home|End|PageUp|PageDown|Enter)$/.test(keys);
}

/** True where typing makes text. */
export function isTextEntry(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  if (!(target instanceof HTMLInputElement)) return false;
  return !["button", "checkbox", "radio", "range", "submit", "reset", "color", "file"].includes(target.type);
}

function isInOverlay(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("dialog[open],[role=dialog],[role=menu],[role=listbox][data-overlay]") !== null;
}

const CAPS: Readonly<Record<string, string>> = {
  $mod: "Ctrl", Control: "Ctrl", Escape: "Esc", ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", "[Shift]": "",
};

/** The key caps to draw for a notation: `$mod+k` is Ctrl, K; `g a` is G, A. */
export function keyCaps(keys: string): string[] {
  return keys
    .split(/[ +]/)
    .map((part) => CAPS[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .filter((cap) => cap !== "");
}

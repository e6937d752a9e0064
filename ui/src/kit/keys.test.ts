import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isSingleKey, keyCaps, listenForKeys, registerKeys, setSingleKeys, type KeyBinding } from "./keys.svelte";

const ends: (() => void)[] = [];
function bind(keys: string, more: Partial<KeyBinding> = {}): () => void {
  const run = vi.fn();
  ends.push(registerKeys([{ id: keys, keys: [keys], label: "approvals.title", group: "everywhere", run, ...more }]));
  return run;
}
function press(key: string, init: KeyboardEventInit = {}, target: EventTarget = document.body): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, code: "", bubbles: true, cancelable: true, ...init });
  target.dispatchEvent(event);
  return event;
}

beforeEach(() => {
  ends.push(listenForKeys());
});
afterEach(() => {
  for (const end of ends.splice(0)) end();
  setSingleKeys(true);
  document.body.replaceChildren();
});

describe("the key registry", () => {
  it("runs a single key and takes it from the browser", () => {
    const run = bind("a");
    expect(press("a").defaultPrevented).toBe(true);
    expect(run).toHaveBeenCalledTimes(1);
  });
  it("never reads the second key of a sequence alone: g a goes and does not approve", () => {
    const approve = bind("a");
    const goTo = bind("g a");
    press("g");
    press("a");
    expect(goTo).toHaveBeenCalledTimes(1);
    expect(approve).not.toHaveBeenCalled();
    press("g");
    press("x");
    press("a");
    expect(approve).toHaveBeenCalledTimes(1);
  });
  it("does nothing while typing, except keys made for fields", () => {
    const single = bind("a");
    const withCtrl = bind("Control+Enter", { inFields: true });
    const field = document.createElement("textarea");
    document.body.append(field);
    press("a", {}, field);
    press("Enter", { ctrlKey: true }, field);
    expect(single).not.toHaveBeenCalled();
    expect(withCtrl).toHaveBeenCalledTimes(1);
  });
  it("does nothing inside a dialog or menu", () => {
    const run = bind("a");
    const menu = document.createElement("div");
    menu.setAttribute("role", "dialog");
    document.body.append(menu);
    press("a", {}, menu);
    expect(run).not.toHaveBeenCalled();
  });
  it("keeps single keys still when they are switched off, and Ctrl K alive", () => {
    const single = bind("a");
    const sequence = bind("g q");
    const palette = bind("Control+k");
    setSingleKeys(false);
    press("a");
    press("g");
    press("q");
    press("k", { ctrlKey: true });
    expect(single).not.toHaveBeenCalled();
    expect(sequence).not.toHaveBeenCalled();
    expect(palette).toHaveBeenCalledTimes(1);
  });
  it("does not repeat a decision while the key is held down", () => {
    const run = bind("a");
    press("a", { repeat: true });
    expect(run).not.toHaveBeenCalled();
  });
  it("tells x from Shift x, and leaves Ctrl A to the browser", () => {
    const one = bind("x");
    const all = bind("Shift+x");
    const approve = bind("a");
    press("X", { shiftKey: true });
    press("a", { ctrlKey: true });
    expect(all).toHaveBeenCalledTimes(1);
    expect(one).not.toHaveBeenCalled();
    expect(approve).not.toHaveBeenCalled();
  });
  it("prefers the newest binding that may run now", () => {
    const older = bind("r");
    let may = false;
    const newer = bind("r", { when: () => may });
    press("r");
    may = true;
    press("r");
    expect(older).toHaveBeenCalledTimes(1);
    expect(newer).toHaveBeenCalledTimes(1);
  });
  it("draws the caps of a notation", () => {
    expect(keyCaps("$mod+k")).toEqual(["Ctrl", "K"]);
    expect(keyCaps("g a")).toEqual(["G", "A"]);
    expect(keyCaps("[Shift]+?")).toEqual(["?"]);
    expect([isSingleKey("a"), isSingleKey("Shift+x"), isSingleKey("$mod+k"), isSingleKey("Escape")]).toEqual([true, true, false, false]);
  });
});

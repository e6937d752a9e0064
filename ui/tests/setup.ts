// jsdom has no layout and no modal dialogs; the few calls the kit makes are answered here.
import { vi } from "vitest";

if (!("showModal" in HTMLDialogElement.prototype) || HTMLDialogElement.prototype.showModal === undefined) {
  HTMLDialogElement.prototype.showModal = function (this: HTMLDialogElement) {
    this.setAttribute("open", "");
  };
  HTMLDialogElement.prototype.close = function (this: HTMLDialogElement) {
    this.removeAttribute("open");
    this.dispatchEvent(new Event("close"));
  };
}
Element.prototype.scrollIntoView = vi.fn();
window.matchMedia = (query: string): MediaQueryList =>
  ({
    matches: false,
    media: query,
    onchange: null,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    addListener: () => undefined,
    removeListener: () => undefined,
    dispatchEvent: () => false,
  }) satisfies MediaQueryList;
globalThis.ResizeObserver ??= class {
  observe(): void { /* Nothing has a size here. */ }
  unobserve(): void { /* The same. */ }
  disconnect(): void { /* The same. */ }
};
if (!("scrollTo" in Element.prototype) || Element.prototype.scrollTo === undefined) Element.prototype.scrollTo = vi.fn() as typeof Element.prototype.scrollTo;
// The tests' own ids need no escaping.
globalThis.CSS ??= { escape: (text: string) => text } as typeof CSS;

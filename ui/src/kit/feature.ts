// What a screen tells the frame about itself. Each folder of `features` exports one as `feature`; the frame finds them.
import type { Component } from "svelte";
import type { MessageKey } from "../messages";
import type { IconName } from "./icons";
import type { RiskLevel } from "./types";

/** An entry a screen adds to the palette for what was typed. */
export interface PaletteItem {
  readonly id: string;
  readonly text: string;
  readonly icon: IconName;
  readonly risk?: RiskLevel;
  readonly run: () => void;
}

/** A line across the page that a screen or the frame wants shown. */
export interface Feature {
  /** The first part of its address: `#/approvals`. */
  readonly id: string;
  readonly order: number;
  readonly icon: IconName;
  readonly title: MessageKey;
  /** The second key after G. */
  readonly goKey: string;
  readonly screen: Component;
  /** The number in the rail; hot is drawn in the colour of the highest risk. Reactive. */
  readonly badge?: () => { readonly text: string; readonly isHot: boolean; readonly spoken: string } | null;
  /** The highest risk that waits, for the brand lamp. Reactive. */
  readonly lamp?: () => RiskLevel | null;
  /** Entries for the palette. Reactive. */
  readonly palette?: (typed: string) => readonly PaletteItem[];
  /** Runs while the page is open, whatever screen is shown; returns what ends it. */
  readonly start?: () => () => void;
}

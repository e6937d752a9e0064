// Painting of the heat map: each state is drawn once onto a small picture, fill and glyph, and then put down for every
// machine in that state. Colours come from the tokens of the page, so that themes and contrast hold here too.
import type { HeatLayout } from "./heat";
import { isInView } from "./heat";
import type { Fill, ShownState } from "./states";
import { SHOWN_STATES, STATE_CODE } from "./states";

/** The colours the cells are drawn in. */
export interface HeatColours {
  readonly page: string;
  readonly panel: string;
  readonly line: string;
  readonly run: string;
  readonly text: string;
  readonly warn: string;
  readonly fault: string;
  readonly lost: string;
  readonly lostGround: string;
  readonly onFault: string;
}

/** Reads the colours from the tokens in force at `element`. */
export function heatColours(element: Element): HeatColours {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(name).trim() || "#888";
  return {
    page: token("--bg-main"), panel: token("--bg-panel"), line: token("--line-ctl"), run: token("--line-ctl"), text: token("--fg-2"),
    warn: token("--st-warn-mark"), fault: token("--st-fault-solid"), lost: token("--st-lost"), lostGround: token("--st-lost-bg"), onFault: "#fff",
  };
}

/** A state's picture, with the mark of an alarm that nobody has seen. */
export type SpriteKey = ShownState | `${ShownState}!`;

/** The pictures of all states at one size. */
export function makeSprites(side: number, scale: number, colours: HeatColours): ReadonlyMap<SpriteKey, HTMLCanvasElement> {
  const sprites = new Map<SpriteKey, HTMLCanvasElement>();
  for (const state of SHOWN_STATES) {
    for (const isWarned of [false, true]) {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = Math.round(side * scale);
      const context = canvas.getContext("2d");
      if (context === null) continue;
      context.scale(scale, scale);
      drawState(context, state, side, colours);
      if (isWarned) drawCorner(context, side, colours);
      sprites.set(isWarned ? `${state}!` : state, canvas);
    }
  }
  return sprites;
}

/** Puts down the cells in view. */
export function paintHeat(context: CanvasRenderingContext2D, layout: HeatLayout, keyOf: (id: string) => SpriteKey, sprites: ReadonlyMap<SpriteKey, HTMLCanvasElement>, view: { readonly top: number; readonly width: number; readonly height: number; readonly scale: number }): void {
  context.setTransform(view.scale, 0, 0, view.scale, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  for (const cell of layout.cells) {
    if (!isInView(cell, view.top, view.height)) continue;
    const sprite = sprites.get(keyOf(cell.id));
    if (sprite !== undefined) context.drawImage(sprite, Math.round(cell.left), Math.round(cell.top - view.top), cell.width, cell.height);
  }
}

function drawState(context: CanvasRenderingContext2D, state: ShownState, side: number, colours: HeatColours): void {
  const [ground, ink, edge] = inks(state, colours);
  context.fillStyle = ground;
  context.fillRect(0, 0, side, side);
  drawFill(context, STATE_CODE[state].fill, side, state === "stale" ? colours.lost : colours.line);
  if (edge !== null) {
    context.strokeStyle = edge;
    context.lineWidth = 1;
    context.setLineDash(STATE_CODE[state].fill === "dashed" || STATE_CODE[state].fill === "hatched" ? [3, 2] : STATE_CODE[state].fill === "dotted" ? [1, 2] : []);
    context.strokeRect(0.5, 0.5, side - 1, side - 1);
    context.setLineDash([]);
  }
  drawGlyph(context, state, side, ink);
}

/** Ground, glyph and edge of a state. */
function inks(state: ShownState, colours: HeatColours): [string, string, string | null] {
  switch (state) {
    case "running": return [colours.run, colours.panel, null];
    case "idle": return [colours.page, colours.line, colours.line];
    case "setup": return [colours.page, colours.text, colours.line];
    case "maintenance": return [colours.page, colours.text, colours.line];
    case "minor_stop": return [colours.warn, "#15181d", null];
    case "down": return [colours.fault, colours.onFault, null];
    case "offline": return [colours.page, colours.lost, colours.lost];
    case "unknown": return [colours.page, colours.lost, colours.lost];
    case "stale": return [colours.lostGround, colours.lost, colours.lost];
  }
}

function drawFill(context: CanvasRenderingContext2D, fill: Fill, side: number, colour: string): void {
  if (fill !== "stripes" && fill !== "hatched") return;
  context.save();
  context.globalAlpha = 0.45;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  for (let at = -side; at < side * 2; at += 4) {
    context.moveTo(at, side);
    context.lineTo(at + side, 0);
  }
  context.stroke();
  context.restore();
}

function drawCorner(context: CanvasRenderingContext2D, side: number, colours: HeatColours): void {
  const reach = Math.round(side * 0.45);
  context.fillStyle = colours.warn;
  context.beginPath();
  context.moveTo(side - reach, 0);
  context.lineTo(side, 0);
  context.lineTo(side, reach);
  context.fill();
  context.strokeStyle = colours.page;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(side - reach - 0.5, 0);
  context.lineTo(side, reach + 0.5);
  context.stroke();
}

// The glyphs of StateMark in the size of a cell: simple enough to be told apart at six pixels.
function drawGlyph(context: CanvasRenderingContext2D, state: ShownState, side: number, ink: string): void {
  const middle = side / 2;
  const unit = side / 22;
  context.save();
  context.translate(middle, middle);
  context.scale(unit, unit);
  context.fillStyle = context.strokeStyle = ink;
  context.lineWidth = 1.6;
  context.lineJoin = context.lineCap = "round";
  context.beginPath();
  switch (STATE_CODE[state].glyph) {
    case "play": context.moveTo(-2.5, -3.5); context.lineTo(4, 0); context.lineTo(-2.5, 3.5); context.closePath(); context.fill(); break;
    case "bars": context.rect(-4, -4.5, 2.5, 9); context.rect(1.5, -4.5, 2.5, 9); context.stroke(); break;
    case "gear":
      context.arc(0, 0, 2.6, 0, Math.PI * 2);
      for (let at = 0; at < 8; at += 1) {
        const [x, y] = [Math.cos((at * Math.PI) / 4), Math.sin((at * Math.PI) / 4)];
        context.moveTo(x * 4, y * 4);
        context.lineTo(x * 5.6, y * 5.6);
      }
      context.stroke();
      break;
    case "wrench": context.lineWidth = 2.4; context.moveTo(-4, 4); context.lineTo(1.5, -1.5); context.moveTo(5, -3.5); context.arc(3, -3, 2.6, 0, Math.PI * 1.3); context.stroke(); break;
    case "triangle": context.moveTo(0, -5); context.lineTo(5.2, 4.5); context.lineTo(-5.2, 4.5); context.closePath(); context.stroke(); break;
    case "square": context.fillRect(-4.5, -4.5, 9, 9); break;
    case "unplugged": context.moveTo(-5, -5); context.lineTo(5, 5); context.moveTo(-2, -5.5); context.lineTo(-2, -3); context.moveTo(2.5, -5.5); context.lineTo(2.5, -2); context.moveTo(-4, -1); context.arc(0, -1, 4, Math.PI, Math.PI * 0.2, true); context.stroke(); break;
    case "question": context.font = "600 13px sans-serif"; context.textAlign = "center"; context.textBaseline = "middle"; context.fillText("?", 0, 1); break;
    case "clock": context.arc(0, 0, 5, 0, Math.PI * 2); context.moveTo(0, -2.6); context.lineTo(0, 0.4); context.lineTo(2, 1.6); context.stroke(); break;
  }
  context.restore();
}

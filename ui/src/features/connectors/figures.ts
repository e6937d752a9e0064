// Figures of a connection, from what the engine counted. Nothing is estimated: without samples there is no figure.
import type { CacheStats, HealthSampleView, LatencySample } from "../../api";

/** The value below which the given part of the samples lies (nearest rank); null without samples. */
export function percentile(samples: readonly number[], part: number): number | null {
  if (samples.length === 0) return null;
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(part * sorted.length));
  return sorted[Math.min(sorted.length, rank) - 1] ?? null;
}

/** Round trips in milliseconds. */
export function roundTrips(samples: readonly LatencySample[]): number[] {
  return samples.map((sample) => sample.ms);
}

/** The share of answers found in the cache; null while nothing was asked. */
export function hitShare(cache: CacheStats): number | null {
  const asked = cache.hits + cache.misses;
  return asked === 0 ? null : cache.hits / asked;
}

/** A point of the line: across from 0 (oldest) to 1 (newest), up from 0 to 1 of the highest value. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** What a chart of checks is drawn from: unbroken pieces of line, and where checks failed. The line is never drawn across
 * a check without an answer. */
export function checkLine(checks: readonly HealthSampleView[]): { readonly pieces: readonly (readonly Point[])[]; readonly failed: readonly number[]; readonly most: number } {
  const most = Math.max(1, ...checks.map((check) => check.latency_ms ?? 0));
  const pieces: Point[][] = [];
  const failed: number[] = [];
  let piece: Point[] = [];
  checks.forEach((check, at) => {
    const x = checks.length === 1 ? 1 : at / (checks.length - 1);
    if (check.latency_ms === null) {
      failed.push(x);
      if (piece.length > 0) pieces.push(piece);
      piece = [];
    } else {
      piece.push({ x, y: check.latency_ms / most });
    }
  });
  if (piece.length > 0) pieces.push(piece);
  return { pieces, failed, most };
}

// Which tile an arrow key leads to, from where the tiles lie on screen. Groups may have rows of different lengths.

/** A tile's place. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The tile an arrow, Home or End leads to, or null when the key does not move or nothing lies that way. */
export function reach(boxes: readonly Box[], at: number, key: string, isRtl = false): number | null {
  const here = boxes[at];
  if (here === undefined) return boxes.length > 0 && /^(Arrow|Home|End)/.test(key) ? 0 : null;
  switch (key) {
    case "Home":
      return 0;
    case "End":
      return boxes.length - 1;
    case "ArrowLeft":
      return sideways(boxes, here, isRtl ? 1 : -1);
    case "ArrowRight":
      return sideways(boxes, here, isRtl ? -1 : 1);
    case "ArrowUp":
      return upDown(boxes, here, -1);
    case "ArrowDown":
      return upDown(boxes, here, 1);
    default:
      return null;
  }
}

const middleX = (box: Box): number => box.left + box.width / 2;
const middleY = (box: Box): number => box.top + box.height / 2;

function sideways(boxes: readonly Box[], here: Box, sign: 1 | -1): number | null {
  return least(boxes, (box) => {
    const ahead = sign * (middleX(box) - middleX(here));
    return ahead > 1 && Math.abs(middleY(box) - middleY(here)) < here.height / 2 ? ahead : null;
  });
}

function upDown(boxes: readonly Box[], here: Box, sign: 1 | -1): number | null {
  return least(boxes, (box) => {
    const ahead = sign * (middleY(box) - middleY(here));
    // The nearest row first; within it the tile that stands nearest below or above.
    return ahead > here.height / 2 ? Math.round(ahead) * 100_000 + Math.abs(middleX(box) - middleX(here)) : null;
  });
}

function least(boxes: readonly Box[], cost: (box: Box) => number | null): number | null {
  let best: number | null = null;
  let bestCost = Infinity;
  for (const [index, box] of boxes.entries()) {
    const own = cost(box);
    if (own !== null && own < bestCost) {
      best = index;
      bestCost = own;
    }
  }
  return best;
}

// One tab stop for a row or list of things, arrows inside.

/** The next place for an arrow, Home or End key, or null when the key does not move. */
export function moveRoving(key: string, at: number, count: number): number | null {
  if (count === 0) return null;
  const forward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  const back = forward === "ArrowRight" ? "ArrowLeft" : "ArrowRight";
  switch (key) {
    case forward:
    case "ArrowDown":
      return (at + 1) % count;
    case back:
    case "ArrowUp":
      return (at - 1 + count) % count;
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return null;
  }
}

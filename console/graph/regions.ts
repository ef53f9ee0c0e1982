import type { Extent, View } from './camera.ts';

/** A part of a picture, by its sides. */
export interface Region {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** How many times as wide as what is seen a region may be that is drawn: beyond that, zooming in has made most of it needless. */
const WIDEST = 8;

/** Returns the part of a picture that is seen in a window. */
export function regionSeen({ x, y, scale }: View, { width, height }: Extent): Region {
  return { left: -x / scale, top: -y / scale, right: (width - x) / scale, bottom: (height - y) / scale };
}

/**
 * Returns the region to be drawn for what is seen: the one that was drawn before as long as that is enough, so that a picture which moves a
 * little stays as it is; else one that reaches half a window further on each side.
 */
export function regionDrawn(before: Region | null, seen: Region): Region {
  const [width, height] = [seen.right - seen.left, seen.bottom - seen.top];
  if (before !== null && holds(before, seen) && before.right - before.left <= WIDEST * width) return before;
  return {
    left: seen.left - width / 2,
    top: seen.top - height / 2,
    right: seen.right + width / 2,
    bottom: seen.bottom + height / 2,
  };
}

/** Returns whether two regions have a point in common. */
export function meets(a: Region, b: Region): boolean {
  return a.left <= b.right && b.left <= a.right && a.top <= b.bottom && b.top <= a.bottom;
}

/** Returns the region of a box. */
export function regionOf({ x, y, w, h }: { x: number; y: number; w: number; h: number }): Region {
  return { left: x, top: y, right: x + w, bottom: y + h };
}

/** Returns the smallest region with all points. */
export function regionAround(points: readonly (readonly [number, number])[]): Region {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

function holds(outer: Region, inner: Region): boolean {
  return (
    outer.left <= inner.left && outer.top <= inner.top && outer.right >= inner.right && outer.bottom >= inner.bottom
  );
}

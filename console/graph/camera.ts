/** Where a picture stands in its window: how far it is moved, in pixels, and how large it is. */
export interface View {
  x: number;
  y: number;
  scale: number;
}

/** A width and a height, in pixels. */
export interface Extent {
  width: number;
  height: number;
}

const SMALLEST = 0.05;
const LARGEST = 2.5;

/** The smallest scale at which the names of tasks can be read. */
const READABLE = 0.7;

/** Returns the view of the whole picture, in the middle, and never larger than it is drawn. */
export function fitAll(picture: Extent, frame: Extent): View {
  const scale = Math.max(SMALLEST, Math.min(1, frame.width / picture.width, frame.height / picture.height));
  return {
    x: (frame.width - picture.width * scale) / 2,
    y: (frame.height - picture.height * scale) / 2,
    scale,
  };
}

/** Returns the first view of a picture: all of it where that can be read, else as much as can be read, with `x` of the picture in the middle. */
export function firstView(picture: Extent, frame: Extent, x: number): View {
  const all = fitAll(picture, frame);
  if (all.scale >= READABLE) return all;
  const scale = Math.max(READABLE, Math.min(1, frame.width / picture.width));
  const room = frame.width - picture.width * scale;
  const left = frame.width / 2 - x * scale;
  // Nothing is gained by empty space at a side.
  return { x: room >= 0 ? room / 2 : Math.min(0, Math.max(room, left)), y: 0, scale };
}

/** Returns a view that is `factor` times as large, in which a point of the window stays where it is. */
export function zoomAt({ x, y, scale }: View, factor: number, at: { x: number; y: number }): View {
  const wanted = Math.min(LARGEST, Math.max(SMALLEST, scale * factor));
  const change = wanted / scale;
  return { x: at.x - (at.x - x) * change, y: at.y - (at.y - y) * change, scale: wanted };
}

/** Returns a view in which a box of the picture can be seen; the same one where it can already. */
export function reveal(view: View, box: { x: number; y: number; w: number; h: number }, frame: Extent): View {
  const margin = 16;
  const shift = (start: number, length: number, room: number) => {
    if (start < margin) return margin - start;
    return Math.min(0, room - margin - start - length);
  };
  const x = shift(view.x + box.x * view.scale, box.w * view.scale, frame.width);
  const y = shift(view.y + box.y * view.scale, box.h * view.scale, frame.height);
  return x === 0 && y === 0 ? view : { x: view.x + x, y: view.y + y, scale: view.scale };
}

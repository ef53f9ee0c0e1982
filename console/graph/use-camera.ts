import type { RefObject } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { RunGraph } from '../client/shapes.ts';
import { type Extent, firstView, type View, zoomAt } from './camera.ts';
import { type Region, regionDrawn, regionSeen } from './regions.ts';

/** How far the pointer moves, in pixels, before it draws the picture along. */
const DRAG = 4;

/** Changes a view of a window. */
type Move = (change: (view: View, frame: Extent) => View) => void;

/** The window of a picture, and where the picture stands in it. */
export interface Camera {
  frame: RefObject<HTMLDivElement | null>;
  /** Null until the window has been measured. */
  view: View | null;
  /** The part of the picture to be drawn; null as `view` is. It stays the same while the picture moves only a little. */
  region: Region | null;
  move: Move;
  /** The handlers of the window with which the pointer moves the picture. */
  drag: ReturnType<typeof useDrag>;
}

/** Shows a graph from the task `from` on, and follows the wheel, the pointer, and the size of the window. */
export function useCamera(graph: RunGraph, from: string): Camera {
  const frame = useRef<HTMLDivElement>(null);
  const [shot, setShot] = useState<{ view: View; extent: Extent } | null>(null);
  const drawn = useRef<Region | null>(null);
  const move = useCallback<Move>(
    (change) => setShot((now) => now && { view: change(now.view, now.extent), extent: now.extent }),
    [],
  );
  useLayoutEffect(() => {
    const extent = extentOf(frame.current!);
    const entry = graph.nodes.find(({ name }) => name === from);
    setShot({ view: firstView(graph, extent, entry === undefined ? 0 : entry.x + entry.w / 2), extent });
  }, [graph.hash]);
  useEffect(() => {
    const whole = frame.current!;
    const resized = new ResizeObserver(() => setShot((now) => now && resize(now, extentOf(whole))));
    resized.observe(whole);
    return () => resized.disconnect();
  }, []);
  useLayoutEffect(() => {
    const whole = frame.current!;
    // A wheel alone moves the page; with Ctrl, as from two fingers, it zooms, which the browser must not do as well.
    const zoom = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const { left, top } = whole.getBoundingClientRect();
      const at = { x: event.clientX - left, y: event.clientY - top };
      move((view) => zoomAt(view, Math.exp(-event.deltaY / 200), at));
    };
    whole.addEventListener('wheel', zoom, { passive: false });
    return () => whole.removeEventListener('wheel', zoom);
  }, []);
  if (shot !== null) drawn.current = regionDrawn(drawn.current, regionSeen(shot.view, shot.extent));
  return { frame, view: shot?.view ?? null, region: drawn.current, move, drag: useDrag(move) };
}

function extentOf({ clientWidth: width, clientHeight: height }: HTMLElement): Extent {
  return { width, height };
}

/** Keeps in the middle of a window what stood there before it had another width. */
function resize(shot: { view: View; extent: Extent }, extent: Extent) {
  const more = extent.width - shot.extent.width;
  if (more === 0 && extent.height === shot.extent.height) return shot;
  return { view: { ...shot.view, x: shot.view.x + more / 2 }, extent };
}

/** Moves the picture with the pointer. A press that moves is no click. */
function useDrag(move: Move) {
  const from = useRef<{ x: number; y: number } | null>(null);
  const moved = useRef(false);
  return {
    onPointerDown: ({ clientX: x, clientY: y, button }: PointerEvent) => {
      moved.current = false;
      from.current = button === 0 ? { x, y } : null;
    },
    onPointerMove: (event: PointerEvent) => {
      const last = from.current;
      if (last === null) return;
      const [x, y] = [event.clientX - last.x, event.clientY - last.y];
      if (!moved.current && Math.hypot(x, y) < DRAG) return;
      if (!moved.current) (event.currentTarget as Element).setPointerCapture(event.pointerId);
      moved.current = true;
      from.current = { x: event.clientX, y: event.clientY };
      move((view) => ({ x: view.x + x, y: view.y + y, scale: view.scale }));
    },
    onPointerUp: () => (from.current = null),
    onPointerCancel: () => (from.current = null),
    onClickCapture: (event: Event) => moved.current && event.stopPropagation(),
  };
}

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { RunGraph } from '../client/shapes.ts';
import { Glyph } from '../parts/glyph.tsx';
import { firstView, fitAll, reveal, type View, zoomAt } from './camera.ts';
import { Edges } from './edges.tsx';
import { isArrow, moveTo } from './moves.ts';
import { NOT_BEGUN, type TaskWork } from './tallies.ts';
import { TaskCard } from './task-card.tsx';

const STEP = 1.25;
/** How far the pointer moves, in pixels, before it draws the picture along. */
const DRAG = 4;

/** What the picture is given. */
interface CanvasProps {
  /** The ref of the workflow. */
  title: string;
  graph: RunGraph;
  /** What a run has done; null: the picture is of a definition. */
  work: ReadonlyMap<string, TaskWork> | null;
  taken: ReadonlySet<string>;
  /** The name of the task that is open. */
  selected: string | null;
  open: (key: string) => void;
}

/** The picture of a graph, which can be moved and zoomed; its tasks are buttons between which arrows move. */
export function Canvas({ title, graph, work, taken, selected, open }: CanvasProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 });
  const [current, setCurrent] = useState(selected ?? graph.entries[0] ?? graph.nodes[0]?.name ?? '');
  const drag = useDrag(setView);
  const size = () => ({ width: frame.current?.clientWidth ?? 1, height: frame.current?.clientHeight ?? 1 });
  useLayoutEffect(() => {
    const entry = graph.nodes.find(({ name }) => name === current);
    setView(firstView(graph, size(), entry === undefined ? 0 : entry.x + entry.w / 2));
  }, [graph.hash]);
  useEffect(() => void performance.mark('graph-painted'), [graph.hash]);
  useEffect(() => {
    let { width } = size();
    // What stood in the middle stays there.
    const resized = new ResizeObserver(() => {
      const more = size().width - width;
      width += more;
      if (more !== 0) setView(({ x, y, scale }) => ({ x: x + more / 2, y, scale }));
    });
    if (frame.current) resized.observe(frame.current);
    return () => resized.disconnect();
  }, []);
  useEffect(() => {
    const whole = frame.current;
    // A wheel alone moves the page; with Ctrl, as from two fingers, it zooms, which the browser must not do as well.
    const zoom = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const { left, top } = whole!.getBoundingClientRect();
      setView((now) => zoomAt(now, Math.exp(-event.deltaY / 200), { x: event.clientX - left, y: event.clientY - top }));
    };
    whole?.addEventListener('wheel', zoom, { passive: false });
    return () => whole?.removeEventListener('wheel', zoom);
  }, []);
  const scaleBy = (factor: number) =>
    setView((now) => zoomAt(now, factor, { x: size().width / 2, y: size().height / 2 }));
  const fit = () => setView(fitAll(graph, size()));

  function press(event: KeyboardEvent) {
    // With these, a key is the browser's.
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { '+': () => scaleBy(STEP), '-': () => scaleBy(1 / STEP), '0': fit }[event.key];
    if (act !== undefined) act();
    else if (isArrow(event.key)) {
      const to = moveTo(graph, current, event.key);
      frame.current?.querySelector<SVGGElement>(`[data-task="${CSS.escape(to)}"]`)?.focus({ preventScroll: true });
    } else return;
    event.preventDefault();
  }

  function focus(name: string) {
    setCurrent(name);
    const node = graph.nodes.find((each) => each.name === name);
    if (node !== undefined) setView((now) => reveal(now, node, size()));
  }

  // A thousand tasks are not looked at again while the picture moves.
  const picture = useMemo(
    () => (
      <>
        <Edges graph={graph} taken={taken} />
        {graph.nodes.map((node) => {
          const done = work === null ? null : (work.get(node.name) ?? NOT_BEGUN);
          return (
            <TaskCard
              key={node.name}
              node={node}
              work={done}
              begins={graph.entries.includes(node.name)}
              isSelected={node.name === selected}
              isCurrent={node.name === current}
              open={() => done?.key && open(done.key)}
              focus={() => focus(node.name)}
            />
          );
        })}
      </>
    ),
    [graph, work, taken, selected, current, open],
  );

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields of a form
    <div class={work === null ? 'canvas definition' : 'canvas'} role="group" aria-label={`Graph of ${title}`}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys do all that the pointer does here */}
      <div class="frame" ref={frame} style={{ height: `${Math.max(220, graph.height)}px` }} onKeyDown={press} {...drag}>
        <svg class={view.scale < 0.4 ? 'far' : undefined} width="100%" height="100%" role="presentation">
          <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>{picture}</g>
        </svg>
      </div>
      <div class="zoom">
        <button type="button" class="button icon" aria-label="Zoom in" onClick={() => scaleBy(STEP)}>
          <Glyph of="plus" />
        </button>
        <button type="button" class="button icon" aria-label="Zoom out" onClick={() => scaleBy(1 / STEP)}>
          <Glyph of="minus" />
        </button>
        <button type="button" class="button icon" aria-label="Fit" onClick={fit}>
          <Glyph of="fit" />
        </button>
      </div>
    </div>
  );
}

/** Moves the picture with the pointer. A press that moves is no click. */
function useDrag(setView: (change: (now: View) => View) => void) {
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
      setView((now) => ({ x: now.x + x, y: now.y + y, scale: now.scale }));
    },
    onPointerUp: () => (from.current = null),
    onPointerCancel: () => (from.current = null),
    onClickCapture: (event: Event) => moved.current && event.stopPropagation(),
  };
}

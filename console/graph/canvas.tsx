import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { RunGraph } from '../client/shapes.ts';
import { Glyph } from '../parts/glyph.tsx';
import { countText } from '../parts/words.ts';
import { fitAll, reveal, zoomAt } from './camera.ts';
import { Edges } from './edges.tsx';
import { isArrow, moveTo } from './moves.ts';
import { meets, regionOf } from './regions.ts';
import { NOT_BEGUN, type TaskWork } from './tallies.ts';
import { TaskCard } from './task-card.tsx';
import { useCamera } from './use-camera.ts';

const STEP = 1.25;

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
  /** Opens a task; the same function as long as it does the same. */
  open: (key: string) => void;
}

/** The picture of a graph, which can be moved and zoomed; its tasks are buttons between which arrows move. */
export function Canvas({ title, graph, work, taken, selected, open }: CanvasProps) {
  const [current, setCurrent] = useState(selected ?? graph.entries[0] ?? graph.nodes[0]?.name ?? '');
  // The task that takes the focus once it is drawn.
  const focusNext = useRef<string | null>(null);
  const { frame, view, region, move, drag } = useCamera(graph, current);
  const isDrawn = region !== null;
  useEffect(() => {
    if (isDrawn) performance.mark('graph-painted');
  }, [graph.hash, isDrawn]);
  useLayoutEffect(() => {
    if (focusNext.current === null) return;
    const card = frame.current?.querySelector<SVGGElement>(`[data-task="${CSS.escape(focusNext.current)}"]`);
    focusNext.current = null;
    card?.focus({ preventScroll: true });
  }, [current]);
  const scaleBy = (factor: number) =>
    move((now, { width, height }) => zoomAt(now, factor, { x: width / 2, y: height / 2 }));
  const fit = () => move((_, extent) => fitAll(graph, extent));

  function press(event: KeyboardEvent) {
    // With these, a key is the browser's.
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { '+': () => scaleBy(STEP), '-': () => scaleBy(1 / STEP), '0': fit }[event.key];
    if (act !== undefined) act();
    else if (isArrow(event.key)) {
      const to = moveTo(graph, current, event.key);
      if (to !== current) focusNext.current = to;
      setCurrent(to);
    } else return;
    event.preventDefault();
  }

  function focus(name: string) {
    setCurrent(name);
    const node = graph.nodes.find((each) => each.name === name);
    if (node !== undefined) move((now, extent) => reveal(now, node, extent));
  }

  // A thousand tasks are not looked at again while the picture moves, and only those that may be seen are drawn.
  const picture = useMemo(() => {
    if (region === null) return null;
    // These have the focus, or get it back.
    const isDrawnAnyway = (name: string) => name === current || name === selected;
    return (
      <>
        <Edges graph={graph} region={region} taken={taken} />
        {graph.nodes
          .filter((node) => isDrawnAnyway(node.name) || meets(region, regionOf(node)))
          .map((node) => {
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
    );
  }, [graph, region, work, taken, selected, current, open]);

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields of a form
    <div
      class={work === null ? 'canvas definition' : 'canvas'}
      role="group"
      aria-label={`Graph of ${title}`}
      aria-description={countText(graph.nodes.length, 'task')}
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys do all that the pointer does here */}
      <div class="frame" ref={frame} style={{ height: `${Math.max(220, graph.height)}px` }} onKeyDown={press} {...drag}>
        <svg
          class={view !== null && view.scale < 0.4 ? 'far' : undefined}
          width="100%"
          height="100%"
          role="presentation"
        >
          {view !== null && <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>{picture}</g>}
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

import type { ComponentChildren } from 'preact';
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { parseTaskKey } from '../../../model/task-key.ts';
import { RequestError } from '../../client/request-error.ts';
import { Canvas } from '../../graph/canvas.tsx';
import { Loading } from '../../parts/loading.tsx';
import { announce } from '../../parts/notice.ts';
import { ReadError } from '../../parts/read-error.tsx';
import { go, hrefWith, pageQuery } from '../../routing/location.ts';
import { useStepping } from '../../stepping/stepping.ts';
import { readChangeKind } from './controls/change-kinds.ts';
import { useEventPlace } from './controls/place.ts';
import { Transport } from './controls/transport.tsx';
import type { Engine } from './engines/engine.ts';
import { useStops } from './engines/use-stops.ts';
import { PartialNote } from './stop/partial-note.tsx';
import { StopView } from './stop/stop-view.tsx';
import { readStopGraph } from './stop-work.ts';
import { explainUnknown } from './unknown-state.ts';

/** A run at each event of its history. */
export function Debugger({
  engine,
  download,
  fork = null,
  debugChild = null,
  children,
}: {
  engine: Engine;
  /** Where the history can be had as a file; null for what was opened from one, to which there is no link either. */
  download: string | null;
  /** Returns the address at which a new run is started from an event; null where that is not possible. */
  fork?: ((event: number) => string) | null;
  /** See StopView. */
  debugChild?: ((id: number) => string) | null;
  /** Stands below the controls. */
  children?: ComponentChildren;
}) {
  const { run } = engine;
  const { firstEvent: first, lastEvent: last, verification } = run;
  const [event, setEvent] = useEventPlace({ first, last }, verification.event ?? last);
  const query = pageQuery.value;
  const selected = query.get('task');
  const of = readChangeKind(query.get('of'), run.tasks);
  const [rows, setRows] = useState<{ event: number; offset: number } | null>(null);
  // Which rows there are is another question at another event.
  const offset = rows?.event === event ? rows.offset : null;
  const { stop, error, isShown, retry } = useStops(engine, { event, selected, offset });
  /** The event to which the search on its way leads; the next one begins there. */
  const search = useRef<Promise<number> | null>(null);

  function show(place: number) {
    search.current = null;
    setEvent(place);
  }

  /** Returns whether the search could be made. */
  async function change(find: NonNullable<Engine['find']>, direction: -1 | 1): Promise<boolean> {
    const before = search.current ?? Promise.resolve(event);
    const mine = before.then(async (from) => {
      const found = await find({ from, direction: direction > 0 ? 'next' : 'previous', of });
      return found ?? (direction > 0 ? last : first);
    });
    search.current = mine;
    try {
      const found = await mine;
      // Somebody may have gone elsewhere meanwhile.
      if (search.current === mine) show(found);
      return true;
    } catch (error) {
      if (search.current === mine) search.current = null;
      if (!(error instanceof RequestError)) throw error;
      announce(error.message);
      return false;
    }
  }

  const select = useCallback((key: string) => {
    const chosen = pageQuery.peek().get('task');
    go(hrefWith({ task: key === chosen ? null : key }), { replace: true });
  }, []);
  const { find } = engine;
  const stepping = useStepping({
    place: event,
    first,
    last,
    show,
    change: find && ((direction) => change(find, direction)),
    isShown,
  });
  const section = useRef<HTMLElement>(null);
  const opened = useRef(run);
  // The button that loaded what is new is gone.
  useLayoutEffect(() => {
    if (opened.current !== run && document.activeElement === document.body)
      section.current?.focus({ preventScroll: true });
    opened.current = run;
  }, [run]);
  const goNow = useRef(stepping.go);
  goNow.current = stepping.go;
  const graph = useMemo(() => ({ hash: run.workflowId, ...run.graph }), [run]);
  // An event that is shown is not rendered again while the slider moves.
  const shown = useMemo(() => {
    if (stop === undefined) return null;
    const { work, taken } = readStopGraph(stop);
    const shownTask = stop.selected?.task.key ?? null;
    return (
      <>
        <PartialNote tasks={stop.tasks} />
        <Canvas
          title={run.ref}
          graph={graph}
          work={work}
          taken={taken}
          selected={shownTask === null ? null : parseTaskKey(shownTask).name}
          open={select}
        />
        <StopView
          stop={stop}
          unknown={explainUnknown(stop, verification)}
          selected={selected}
          select={select}
          go={(place) => goNow.current(place)}
          turn={(offset) => setRows({ event: stop.event, offset })}
          debugChild={debugChild}
        />
      </>
    );
  }, [stop, graph, selected, verification]);
  return (
    <section class="debugger" aria-label="Debugger" tabIndex={-1} ref={section} onKeyDown={stepping.press}>
      <Transport engine={engine} stop={stop} stepping={stepping} of={of} download={download} fork={fork} />
      {children}
      {error !== null && <ReadError what="This event could not be shown" error={error} retry={retry} />}
      {stop === undefined && error === null && <Loading of="the event" />}
      {stop !== undefined && error === null && (
        <div class="debugged" aria-busy={!isShown}>
          {shown}
        </div>
      )}
    </section>
  );
}

import { useRef } from 'preact/hooks';
import { apiHref } from '../../client/request.ts';
import { RequestError } from '../../client/request-error.ts';
import { mayStartAgain } from '../../client/session.ts';
import type { Run } from '../../client/shapes.ts';
import { Loading } from '../../parts/loading.tsx';
import { ReadError } from '../../parts/read-error.tsx';
import { countText } from '../../parts/words.ts';
import { hrefOf } from '../../routing/location.ts';
import { eventInAddress } from './controls/place.ts';
import { Debugger } from './debugger.tsx';
import type { Engine } from './engines/engine.ts';
import { openLocally } from './engines/local-engine.ts';
import { readRunTexts } from './engines/run-texts.ts';
import { openByServer } from './engines/server-engine.ts';
import { useEngine } from './engines/use-engine.ts';
import { NOT_DEBUGGED, startWorker } from './engines/worker.ts';

/** The debugger of a run. `lastEvent` is the last event that its history is known to have; null: that is unknown. */
export function DebuggerView({ run, path, lastEvent }: { run: Run; path: string; lastEvent: number | null }) {
  // Of a chain that is too long for this browser, the part with this event is opened; null stands for the last event.
  const wanted = useRef(eventInAddress());
  const { engine, error, isOpening, reopen } = useEngine((signal) => openRun(run, path, wanted.current, signal));
  const failure = error !== null && <ReadError what="The history could not be read" error={error} retry={reopen} />;
  if (engine === undefined) return failure || <Loading of="the debugger" />;
  const more = Math.max(0, (lastEvent ?? 0) - engine.run.lastEvent);
  function loadMore() {
    if (isOpening) return;
    wanted.current = null;
    reopen();
  }
  return (
    <Debugger
      engine={engine}
      download={apiHref(`${path}/history/export?download=1`)}
      debugChild={debugRun}
      fork={mayStartAgain(run) ? (event) => hrefOf(`/runs/${run.id}/fork`, { from: `event:${event}` }) : null}
    >
      {failure}
      {more > 0 && (
        <button type="button" class="button more-events" aria-disabled={isOpening} onClick={loadMore}>
          Load {countText(more, 'new event')}
        </button>
      )}
    </Debugger>
  );
}

/** Returns the address at which a run is debugged. */
function debugRun(id: number): string {
  return hrefOf(`/runs/${id}/debugger`);
}

/** Opens a run in this browser or, where its history cannot be replayed here, by the service. Throws a RequestError. */
async function openRun(run: Run, path: string, event: number | null, signal: AbortSignal): Promise<Engine> {
  const worker = startWorker();
  signal.addEventListener('abort', () => worker.close());
  try {
    return await openLocally(worker, readRunTexts(path, event, signal));
  } catch (error) {
    worker.close();
    if (!(error instanceof RequestError && isLasting(error))) throw error;
    return openByServer(run, path, error.message, signal);
  }
}

/** Whether a refusal is about the history, so that another request would be refused as well. */
function isLasting({ status, code }: RequestError): boolean {
  return code === NOT_DEBUGGED || (status >= 400 && status < 500 && status !== 408 && status !== 429);
}

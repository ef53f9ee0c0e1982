import { apiHref } from '../../client/request.ts';
import { RequestError } from '../../client/request-error.ts';
import { may } from '../../client/session.ts';
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
import { startWorker } from './engines/worker.ts';

/** The debugger of a run. `lastEvent` is the last event that its history is known to have; null: that is unknown. */
export function DebuggerView({ run, path, lastEvent }: { run: Run; path: string; lastEvent: number | null }) {
  const { engine, error, isOpening, reopen } = useEngine((signal) => openRun(run, path, signal));
  const failure = error !== null && <ReadError what="The history could not be read" error={error} retry={reopen} />;
  if (engine === undefined) return failure || <Loading of="the debugger" />;
  const more = Math.max(0, (lastEvent ?? 0) - engine.run.lastEvent);
  return (
    <Debugger
      engine={engine}
      download={apiHref(`${path}/history/export?download=1`)}
      fork={may('execution:execute') ? (event) => hrefOf(`/runs/${run.id}/fork`, { from: `event:${event}` }) : null}
    >
      {failure}
      {more > 0 && (
        <button
          type="button"
          class="button more-events"
          aria-disabled={isOpening}
          onClick={() => isOpening || reopen()}
        >
          Load {countText(more, 'new event')}
        </button>
      )}
    </Debugger>
  );
}

/** Opens a run in this browser or, where its history cannot be replayed here, by the service. */
async function openRun(run: Run, path: string, signal: AbortSignal): Promise<Engine> {
  const worker = startWorker();
  signal.addEventListener('abort', () => worker.close());
  try {
    return await openLocally(worker, readRunTexts(path, eventInAddress(), signal));
  } catch (error) {
    worker.close();
    if (!(error instanceof RequestError)) throw error;
    return openByServer(run, path, error.message, signal);
  }
}

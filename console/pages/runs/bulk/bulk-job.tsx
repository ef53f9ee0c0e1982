import { useEffect, useState } from 'preact/hooks';
import { usePolling } from '../../../client/polling.ts';
import { useRead } from '../../../client/reads.ts';
import { request } from '../../../client/request.ts';
import { RequestError } from '../../../client/request-error.ts';
import { may } from '../../../client/session.ts';
import type { BulkJobState } from '../../../client/shapes.ts';
import { Glyph } from '../../../parts/glyph.tsx';
import { announce } from '../../../parts/notice.ts';
import { ReadError } from '../../../parts/read-error.tsx';
import { countText, numberText } from '../../../parts/words.ts';
import { go, hrefOf, hrefWith } from '../../../routing/location.ts';
import { BULK_ACTS } from './bulk-acts.ts';

/** Milliseconds between two reads of a job. */
const POLL_EVERY = 1_000;

/** How many of the runs that were left unchanged are listed. */
const SHOWN = 100;

/** A job that changes many runs: how far it is, a way to stop it, and in the end what it has done and what it could not do. */
export function BulkJobPanel({ id, onEnd }: { id: string; onEnd: () => void }) {
  const { value, error, reload, refresh } = useRead<{ data: BulkJobState }>(`/bulk/${encodeURIComponent(id)}`);
  const job = value?.data;
  const hasEnded = job !== undefined && job.status !== 'running';
  const isRefused = error !== null && [403, 404].includes(error.status);
  usePolling(hasEnded || isRefused ? null : refresh, POLL_EVERY);
  useEffect(() => {
    if (hasEnded) onEnd();
  }, [hasEnded]);
  return (
    <section class="card job" aria-label="Job on selected runs" aria-busy={job === undefined && error === null}>
      {error !== null && <ReadError what="The job could not be read" error={error} retry={reload} />}
      {job !== undefined && <JobFacts job={job} onAbort={reload} />}
      {job?.status !== 'running' && (
        <button
          type="button"
          class="button quiet icon"
          aria-label="Close job"
          onClick={() => go(hrefWith({ job: null }), { replace: true })}
        >
          <Glyph of="close" />
        </button>
      )}
    </section>
  );
}

function JobFacts({ job, onAbort }: { job: BulkJobState; onAbort: () => void }) {
  const { verb, status, matched, succeeded, failed, errors } = job;
  const { word, done } = BULK_ACTS.find((act) => act.verb === verb) ?? { word: verb, done: 'changed' };
  const handled = succeeded + failed;
  const left = matched - handled;
  return (
    <div>
      {status === 'running' ? (
        <>
          <p>
            {word}: {numberText(handled)} of {countText(matched, 'run')}
          </p>
          <progress aria-label="Bulk job" max={Math.max(1, matched)} value={handled} />
          {may('execution:execute') && <Abort id={job.id} onAbort={onAbort} />}
        </>
      ) : (
        <p role="status">
          {countText(succeeded, 'run')} {done}
          {failed > 0 && `, ${countText(failed, 'run')} left unchanged`}
          {left > 0 && `, ${countText(left, 'run')} not reached`}.
        </p>
      )}
      {errors.length > 0 && (
        <ul class="job-errors" aria-label="Runs left unchanged">
          {errors.slice(0, SHOWN).map(({ id, error }) => (
            <li key={id}>
              <a href={hrefOf(`/runs/${id}`)}>{id}</a> {error}
            </li>
          ))}
          {errors.length > SHOWN && <li class="soft">and {numberText(failed - SHOWN)} more</li>}
        </ul>
      )}
    </div>
  );
}

function Abort({ id, onAbort }: { id: string; onAbort: () => void }) {
  const [isAborting, setAborting] = useState(false);

  async function abort() {
    if (isAborting) return;
    setAborting(true);
    try {
      await request(`/bulk/${id}`, { method: 'DELETE' });
      onAbort();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      announce(`The job was not aborted: ${error.message}`);
      setAborting(false);
    }
  }

  return (
    <button type="button" class="button" aria-disabled={isAborting} onClick={abort}>
      Abort
    </button>
  );
}

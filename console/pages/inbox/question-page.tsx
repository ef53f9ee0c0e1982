import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { EVERY_TEN_SECONDS, usePolling } from '../../client/polling.ts';
import { useRead } from '../../client/reads.ts';
import { may } from '../../client/session.ts';
import type { QuestionDetail, QuestionList } from '../../client/shapes.ts';
import { Glyph } from '../../parts/glyph.tsx';
import { focusHeading, Heading } from '../../parts/heading.tsx';
import { Loading } from '../../parts/loading.tsx';
import { ReadError } from '../../parts/read-error.tsx';
import { hrefOf } from '../../routing/location.ts';
import type { PageProps } from '../../routing/page-props.ts';
import { DecisionForm } from './decision-form.tsx';
import { questionTitle } from './question-badge.tsx';
import { QuestionFacts, Votes, WillRun } from './question-facts.tsx';

/** How many questions of one run are read to find out whether this one waits for the person who is signed in. */
const READ_AT_ONCE = 100;

/**
 * One question: what is asked, what approval runs, who has decided what, and the form of a decision. What a decision is about stays as it was
 * shown, even when it has changed meanwhile, until somebody asks for it as it is now.
 */
export function QuestionPage({ of }: PageProps) {
  const { value, error, reload, refresh } = useRead<{ data: QuestionDetail }>(`/inquiries/${encodeURIComponent(of)}`);
  const now = value?.data;
  const mine = useRead<QuestionList>(
    now === undefined ? null : `/inquiries?assigned=me&execution=${now.execution}&per_page=${READ_AT_ONCE}`,
  );
  const [shown, setShown] = useState<QuestionDetail | null>(null);
  const refreshMine = mine.refresh;
  usePolling(
    useCallback(() => {
      refresh();
      refreshMine();
    }, [refresh, refreshMine]),
    EVERY_TEN_SECONDS,
  );
  useEffect(() => {
    if (shown === null && now !== undefined) setShown(now);
  }, [shown, now]);
  if (now === undefined || shown === null) {
    return (
      <div class="page">
        <Heading title={`Question ${of}`} />
        {error !== null && <ReadError what="The question could not be read" error={error} retry={reload} />}
        {error === null && <Loading of="the question" />}
      </div>
    );
  }
  const isOpen = now.status === 'pending';
  const found = mine.value;
  const isAsked =
    found === undefined ||
    found.pagination.total_items > found.data.length ||
    found.data.some(({ id }) => id === now.id);
  const mayRespond = isOpen && may('inquiry:respond');
  const afterDecision = () => {
    reload();
    mine.reload();
    // The form is gone in a moment.
    focusHeading();
  };
  return (
    <div class="page question">
      <div>
        <p class="small">
          <a href={hrefOf('/inbox')}>Inbox</a>
        </p>
        <Heading title={questionTitle(now)} />
      </div>
      {error !== null && <ReadError what="The question could not be read" error={error} retry={reload} />}
      {error === null && mine.error !== null && mayRespond && (
        <ReadError what="Whether you can decide could not be read" error={mine.error} retry={mine.reload} />
      )}
      <QuestionFacts question={now} />
      <div class="question-parts">
        <div>
          {now.details !== null && <p class="details card">{now.details}</p>}
          {isOpen && now.bound_to !== shown.bound_to && <Changed isBound={shown.bind} show={() => setShown(now)} />}
          {isOpen && <WillRun question={shown} />}
          <Votes question={now} />
        </div>
        {mayRespond && found !== undefined && isAsked && (
          // What was entered for other inputs is no answer to these.
          <DecisionForm key={shown.bound_to} question={shown} onDone={afterDecision} onChanged={reload} />
        )}
      </div>
      {isOpen && found !== undefined && !isAsked && (
        <p class="soft">
          You cannot decide: you are not an approver, you have already decided or delegated the decision, or you started
          the run.
        </p>
      )}
    </div>
  );
}

/** Says that what would run is no longer what is shown, and whether that can still be decided: `isBound` says that it cannot. */
function Changed({ isBound, show }: { isBound: boolean; show: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.scrollIntoView({ block: 'nearest' }), []);
  return (
    <div class="trouble" role="alert" ref={box}>
      <Glyph of="warning" />
      <div>
        <p class="strong">What would run has changed since you opened this page.</p>
        <p>
          {isBound
            ? 'A decision on the version below will be refused.'
            : 'This question accepts a decision on the version below, but what runs is the new version.'}
        </p>
        <button
          type="button"
          class="button"
          onClick={() => {
            show();
            document.querySelector<HTMLElement>('h1')?.focus();
          }}
        >
          Show it as it is now
        </button>
      </div>
    </div>
  );
}

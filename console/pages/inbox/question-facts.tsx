import type { ShownQuestion } from '../../client/shapes.ts';
import { Fact } from '../../parts/lists/fact.tsx';
import { Instant } from '../../parts/time.tsx';
import { ValueView } from '../../parts/value.tsx';
import { countText } from '../../parts/words.ts';
import { hrefOf } from '../../routing/location.ts';
import { QuestionBadge } from './question-badge.tsx';

/** How much of the hash of a question is shown, in hexadecimal digits. */
const SHOWN_DIGITS = 12;

/** The circumstances of a question: its status, the run that asks, who is asked, and until when. */
export function QuestionFacts({ question }: { question: ShownQuestion }) {
  const { status, action_ref, execution, task, requested_by, created, expires_at, decided_at } = question;
  const { approvers, groups } = question;
  const asked = [...approvers, ...groups.map((group) => `the group ${group}`)].join(', ');
  return (
    <dl class="facts">
      <Fact name="Status" isSilent>
        <QuestionBadge status={status} />
      </Fact>
      <Fact name="Asked by">
        <a href={hrefOf(`/runs/${execution}`, { task })}>
          {action_ref} {execution}
        </a>
      </Fact>
      {requested_by !== null && <Fact name="Started by">{requested_by}</Fact>}
      <Fact name="Who can decide">{asked || 'everybody who may respond'}</Fact>
      <Fact name="Asked">
        <Instant at={created} />
      </Fact>
      {expires_at !== null && status === 'pending' && (
        <Fact name="Until">
          <Instant at={expires_at} />
        </Fact>
      )}
      {decided_at !== null && (
        <Fact name="Decided">
          <Instant at={decided_at} />
        </Fact>
      )}
    </dl>
  );
}

/** The tasks that run next after approval, and the hash that a decision carries. */
export function WillRun({ question: { will_run: tasks, bound_to } }: { question: ShownQuestion }) {
  return (
    <section class="card will-run" aria-labelledby="will-run-title">
      <div class="title-row">
        <h2 id="will-run-title">What will run</h2>
        <p class="soft small" title={bound_to}>
          Bound to <code>{bound_to.slice(0, SHOWN_DIGITS)}</code>
        </p>
      </div>
      {tasks.length === 0 && <p class="soft">No task follows directly.</p>}
      {tasks.map(({ task, action, input, rendered }) => (
        <div class="planned" key={task}>
          <p>
            <span class="strong">{task}</span> <span class="soft">{action}</span>
          </p>
          <ValueView name={`Input of ${task}`} value={input} />
          {!rendered && (
            <p class="soft small">
              Parts of this input are only known when the task starts and are shown as templates.
            </p>
          )}
        </div>
      ))}
    </section>
  );
}

/** The decisions so far, and how many are needed. */
export function Votes({ question }: { question: ShownQuestion }) {
  const { votes, options, quorum, deny_quorum, delegations } = question;
  const count = (outcome: 'approve' | 'deny') => votes.filter((vote) => vote.outcome === outcome).length;
  return (
    <section class="card votes" aria-labelledby="votes-title">
      <h2 id="votes-title">Votes</h2>
      <p class="soft">
        {count('approve')} of {countText(quorum, 'approval')} needed, {count('deny')} of{' '}
        {countText(deny_quorum, 'denial')}.
      </p>
      {votes.length > 0 && (
        <ul>
          {votes.map(({ by, on_behalf_of: principal, option, comment, at, channel, override, response }) => (
            <li key={`${by} ${at}`}>
              <p>
                <span class="strong">{by}</span>
                {principal !== null && ` on behalf of ${principal}`}:{' '}
                {options.find(({ ref }) => ref === option)?.label ?? option}
                {override && ' (in place of the people who are asked)'}{' '}
                <span class="soft small">
                  <Instant at={at} />, {channel}
                </span>
              </p>
              {comment !== null && <p class="comment">{comment}</p>}
              {response !== null && <ValueView name={`Response of ${by}`} value={response} />}
            </li>
          ))}
        </ul>
      )}
      {delegations.map(({ by, to, reason }) => (
        <p key={by} class="soft">
          {to} decides on behalf of {by}
          {reason !== null && `: ${reason}`}
        </p>
      ))}
    </section>
  );
}

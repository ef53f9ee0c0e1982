import { INQUIRY_STATUSES } from '../../../model/inquiry.ts';
import { EVERY_TEN_SECONDS, usePolling } from '../../client/polling.ts';
import { useRead } from '../../client/reads.ts';
import type { QuestionList, ShownQuestion } from '../../client/shapes.ts';
import { SwitchButton } from '../../parts/forms/switch-button.tsx';
import { Heading } from '../../parts/heading.tsx';
import { ListPager, PageBefore } from '../../parts/lists/pager.tsx';
import { TableHead } from '../../parts/lists/table-head.tsx';
import { Loading } from '../../parts/loading.tsx';
import { ReadError } from '../../parts/read-error.tsx';
import { type Tab, Tabs } from '../../parts/tabs.tsx';
import { Instant } from '../../parts/time.tsx';
import { go, hrefOf, hrefWith, pageQuery } from '../../routing/location.ts';
import { pagePath } from '../../routing/page-size.ts';
import { QuestionBadge, questionTitle } from './question-badge.tsx';

const VIEWS: Tab[] = [
  { id: 'pending', name: 'Pending' },
  { id: 'decided', name: 'Decided' },
];
const CLOSED = INQUIRY_STATUSES.filter((status) => status !== 'pending').join(',');
const COLUMNS = ['Question', 'Status', 'Workflow', 'Run', 'Asked', 'Until'];

/** The questions to people: those that wait for the person who is signed in, and those that have been decided. */
export function InboxPage() {
  const query = pageQuery.value;
  const chosen = query.get('view') === 'decided' ? 'decided' : 'pending';
  const isForAll = query.get('all') === '1';
  const path = pagePath('/inquiries', query, filtersFor(chosen, isForAll));
  const { value, from, error, isLoading, reload, refresh } = useRead<QuestionList>(path);
  usePolling(refresh, EVERY_TEN_SECONDS);
  const shown = from === path ? value : undefined;
  return (
    <div class="page">
      <Heading title="Inbox" />
      <div>
        <Tabs
          label="Questions"
          tabs={VIEWS}
          chosen={chosen}
          choose={(view) => go(hrefOf('/inbox', { view: view === 'decided' ? view : null }), { stay: true })}
        >
          {chosen === 'pending' && (
            <SwitchButton
              isOn={isForAll}
              turn={() => go(hrefWith({ all: isForAll ? null : '1', page: null }), { replace: true })}
            >
              Also those for others
            </SwitchButton>
          )}
          {error !== null && <ReadError what="The questions could not be read" error={error} retry={reload} />}
          {shown === undefined && error === null && <Loading of="the questions" />}
          {shown !== undefined && (
            <Questions
              list={shown}
              name={chosen === 'pending' && !isForAll ? 'Questions for me' : 'Questions'}
              empty={
                chosen === 'decided'
                  ? 'Nothing has been decided yet.'
                  : isForAll
                    ? 'No questions wait for a decision.'
                    : 'No questions wait for your decision.'
              }
              isBusy={isLoading}
            />
          )}
        </Tabs>
      </div>
    </div>
  );
}

function filtersFor(view: 'pending' | 'decided', isForAll: boolean): Record<string, string> {
  if (view === 'decided') return { status: CLOSED };
  return isForAll ? { status: 'pending' } : { assigned: 'me' };
}

interface QuestionsProps {
  list: QuestionList;
  name: string;
  /** Said where there are none. */
  empty: string;
  isBusy: boolean;
}

function Questions({ list, name, empty, isBusy }: QuestionsProps) {
  const { data, pagination } = list;
  if (data.length === 0 && pagination.page > 1) {
    return <PageBefore page={pagination.page} last={pagination.total_pages} />;
  }
  if (data.length === 0) {
    return (
      <div class="empty" aria-busy={isBusy}>
        <p class="strong">{empty}</p>
        <p class="soft">A workflow asks people with a task that has the action core.inquiry.</p>
      </div>
    );
  }
  return (
    <>
      <table role="table" class="table questions" aria-label={name} aria-busy={isBusy}>
        <TableHead columns={COLUMNS} />
        <tbody role="rowgroup">
          {data.map((question) => (
            <QuestionLine key={question.id} question={question} />
          ))}
        </tbody>
      </table>
      <ListPager list={list} noun="question" />
    </>
  );
}

function QuestionLine({ question }: { question: ShownQuestion }) {
  const { id, status, action_ref, execution, created, expires_at } = question;
  return (
    <tr role="row">
      <th role="rowheader" scope="row" class="ref-cell">
        <a class="clamped" href={hrefOf(`/inbox/${encodeURIComponent(id)}`)}>
          {questionTitle(question)}
        </a>
      </th>
      <td role="cell" class="state-cell">
        <QuestionBadge status={status} />
      </td>
      <td role="cell">{action_ref}</td>
      <td role="cell" class="id-cell">
        <a href={hrefOf(`/runs/${execution}`)}>{execution}</a>
      </td>
      <td role="cell" class="time-cell">
        <Instant at={created} />
      </td>
      <td role="cell" class="time-cell">
        {expires_at !== null && <Instant at={expires_at} />}
      </td>
    </tr>
  );
}

import { executionKey } from '../../model/task-key.ts';
import { eventTime, type HistoryEvent, isoTime } from '../../projection/history.ts';
import { showAttributes } from '../../projection/json/attributes.ts';
import type { EventMark, ShownHistoryEvent } from './protocol.ts';

/** Returns a history event for people; `key` is that of the try or the timer that it is about. */
export function showHistoryEvent(event: HistoryEvent, number: number, key: string | null): ShownHistoryEvent {
  return {
    number,
    eventId: Number(event.eventId),
    name: nameOf(event),
    at: isoTime(eventTime(event)),
    task: key === null ? null : executionKey(key),
    attributes: showAttributes(event),
  };
}

/** Returns the name of an event, which is written as `EVENT_TYPE_TIMER_FIRED` or `TimerFired`. */
function nameOf({ eventType }: HistoryEvent): string {
  const [, words] = /^EVENT_TYPE_(.*)$/.exec(String(eventType)) ?? [];
  if (words === undefined) return String(eventType);
  return words
    .split('_')
    .map((word) => word.slice(0, 1) + word.slice(1).toLowerCase())
    .join('');
}

/** The kinds of events by the ends of their names; the first one that fits counts. */
const MARKS: readonly [RegExp, EventMark][] = [
  [/^WorkflowTask(Failed|TimedOut)$/, 'o'],
  [/(Failed|TimedOut|Terminated)$|^(WorkflowExecution|ActivityTask|ChildWorkflowExecution)Canceled$/, 'f'],
  [/^WorkflowExecution(Signaled|CancelRequested)$/, 'i'],
  [/^WorkflowTaskCompleted$/, 'w'],
  [/^(ActivityTask|ChildWorkflowExecution|WorkflowExecution)Completed$/, 'c'],
  [/^TimerFired$/, 't'],
  [/^(ActivityTaskScheduled|TimerStarted|StartChildWorkflowExecutionInitiated|WorkflowExecutionStarted)$/, 's'],
];

/** Returns the kinds of events, one letter each. */
export function markEvents(events: readonly HistoryEvent[]): string {
  const known = new Map<unknown, EventMark>();
  const markOf = (event: HistoryEvent): EventMark => {
    const found = known.get(event.eventType) ?? MARKS.find(([names]) => names.test(nameOf(event)))?.[1] ?? 'o';
    known.set(event.eventType, found);
    return found;
  };
  return events.map(markOf).join('');
}

/** Returns the key of the work or the timer that an event is about, by that of the event which began it; null for any other event. */
export function findKey(event: HistoryEvent, keyAt: (id: number) => string | null): string | null {
  const began =
    event.activityTaskStartedEventAttributes?.scheduledEventId ??
    event.activityTaskCompletedEventAttributes?.scheduledEventId ??
    event.activityTaskFailedEventAttributes?.scheduledEventId ??
    event.activityTaskTimedOutEventAttributes?.scheduledEventId ??
    event.activityTaskCancelRequestedEventAttributes?.scheduledEventId ??
    event.activityTaskCanceledEventAttributes?.scheduledEventId ??
    event.timerFiredEventAttributes?.startedEventId ??
    event.timerCanceledEventAttributes?.startedEventId ??
    event.childWorkflowExecutionStartedEventAttributes?.initiatedEventId ??
    event.childWorkflowExecutionCompletedEventAttributes?.initiatedEventId ??
    event.childWorkflowExecutionFailedEventAttributes?.initiatedEventId ??
    event.childWorkflowExecutionCanceledEventAttributes?.initiatedEventId ??
    event.childWorkflowExecutionTerminatedEventAttributes?.initiatedEventId ??
    event.childWorkflowExecutionTimedOutEventAttributes?.initiatedEventId ??
    event.startChildWorkflowExecutionFailedEventAttributes?.initiatedEventId;
  return began === undefined || began === null ? null : keyAt(Number(began));
}

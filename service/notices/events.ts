import { countedDelegations, type Delegation, heldDelegations } from '../../model/delegation.ts';
import {
  type Inquiry,
  type InquiryNotify,
  type InquiryStatus,
  NOTICE_CHANNELS,
  type NoticeChannel,
  stepsTaken,
} from '../../model/inquiry.ts';
import { grantName } from '../../model/names.ts';
import type { NoticeKind } from '../../model/notice.ts';

// The events of an inquiry, and those of them that are still worth announcing. Pure.

/** An event to announce to a target; `number` is null for the next free number of its kind. */
export interface WantedEvent {
  channel: NoticeChannel;
  target: string;
  kind: NoticeKind;
  number: number | null;
}

/** The event of each end of an inquiry. */
const ENDS: Partial<Record<InquiryStatus, NoticeKind>> = {
  approved: 'decided',
  denied: 'decided',
  expired: 'expired',
  cancelled: 'withdrawn',
};

/** The events for which a mail is sent; its link shows the rest. */
const MAILED: readonly NoticeKind[] = ['opened', 'reminded'];

/** A place where an inquiry is announced. */
interface Target {
  channel: NoticeChannel;
  target: string;
}

/**
 * Returns the targets of an inquiry: those of its request, those of each escalation so far, and the mail address of each person to whom
 * it was delegated.
 */
export function listNoticeTargets(inquiry: Inquiry): Target[] {
  const found = new Map<string, Target>();
  for (const { notify } of [inquiry.request, ...stepsTaken(inquiry)]) {
    for (const place of targetsIn(notify)) found.set(`${place.channel} ${place.target}`, place);
  }
  for (const delegation of heldDelegations(inquiry)) {
    const target = addressOf(delegation);
    if (target !== null) found.set(`email ${target}`, { channel: 'email', target });
  }
  return [...found.values()];
}

/** Returns why a target was added; null: no reason was given, or it is an original target. */
export function reasonFor(inquiry: Inquiry, { channel, target }: Target): string | null {
  const names = (notify: InquiryNotify) =>
    targetsIn(notify).some((place) => place.channel === channel && place.target === target);
  if (names(inquiry.request.notify)) return null;
  return stepsTaken(inquiry).find(({ notify }) => names(notify))?.reason ?? null;
}

/** Returns the delegation that a mail address was announced for, as that of the person who decides by it; null: there is none. */
export function delegationFor(inquiry: Inquiry, { channel, target }: Target): Delegation | null {
  if (channel !== 'email') return null;
  return heldDelegations(inquiry).find((delegation) => addressOf(delegation) === target) ?? null;
}

/** Returns the mail address of the person to whom a delegation was made; null if none is known. */
function addressOf({ to, to_names, to_email }: Delegation): string | null {
  if (to_email !== undefined) return to_email;
  return [to, ...to_names].find((name) => name.includes('@'))?.toLowerCase() ?? null;
}

function targetsIn(notify: InquiryNotify): Target[] {
  return NOTICE_CHANNELS.flatMap((channel): Target[] => {
    const named = notify[channel];
    if (named === undefined) return [];
    if (typeof named === 'string') return [{ channel, target: named }];
    const targets = Array.isArray(named) ? new Set(named.map((address) => address.toLowerCase())) : [named.channel];
    return [...targets].map((target) => ({ channel, target }));
  });
}

/**
 * Derives the events of an inquiry since it was last read, in order, for each of its targets. A target that it did not have before, as
 * all are when it is first read (`before` is null), gets all events: the opening, each vote and the end.
 */
export function deriveNoticeEvents(before: Inquiry | null, inquiry: Inquiry): WantedEvent[] {
  const known = new Set(
    (before === null ? [] : listNoticeTargets(before)).map(({ channel, target }) => `${channel} ${target}`),
  );
  return listNoticeTargets(inquiry).flatMap(({ channel, target }) => {
    const place = { channel, target };
    const since = known.has(`${channel} ${target}`) ? before : null;
    const events = eventsSince(since, inquiry).filter(({ kind }) => isTold(place, kind, inquiry, since));
    return events.map((event) => ({ ...place, ...event }));
  });
}

function eventsSince(before: Inquiry | null, inquiry: Inquiry): Pick<WantedEvent, 'kind' | 'number'>[] {
  const events: Pick<WantedEvent, 'kind' | 'number'>[] = [];
  if (before === null) events.push({ kind: 'opened', number: 1 });
  for (let vote = before?.votes.length ?? 0; vote < inquiry.votes.length; vote += 1) {
    events.push({ kind: 'voted', number: vote + 1 });
  }
  const delegated = countedDelegations(inquiry).length;
  for (let at = before === null ? 0 : countedDelegations(before).length; at < delegated; at += 1) {
    events.push({ kind: 'delegated', number: at + 1 });
  }
  const end = ENDS[inquiry.status];
  if (end !== undefined && (before === null || before.status === 'pending')) events.push({ kind: end, number: 1 });
  if (end === undefined && before !== null && before.bound_to !== inquiry.bound_to) {
    events.push({ kind: 'changed', number: null });
  }
  return events;
}

/** Returns the reminders of an inquiry that are due at a time in milliseconds, numbered by their periods, and when the next one is. */
export function deriveReminders(inquiry: Inquiry, now: number): { events: WantedEvent[]; next: Date | null } {
  const next = nextReminder(inquiry, now);
  if (next === null) return { events: [], next };
  const every = inquiry.request.remind_every! * 1000;
  const number = Math.round((next.getTime() - Date.parse(inquiry.created)) / every) - 1;
  const kind = 'reminded' as const;
  const delegators = heldDelegations(inquiry).flatMap(({ by, names }) => [by, ...names].map(grantName));
  const asked = listNoticeTargets(inquiry).filter(
    ({ channel, target }) => channel !== 'email' || !delegators.includes(target),
  );
  const events = number < 1 ? [] : asked.map((target) => ({ ...target, kind, number }));
  return { events, next };
}

/** Returns when the targets of an inquiry are next reminded, after a time in milliseconds; null: never. */
export function nextReminder({ status, created, request }: Inquiry, now: number): Date | null {
  if (status !== 'pending' || request.remind_every === null) return null;
  const [first, every] = [Date.parse(created), request.remind_every * 1000];
  const periods = Math.max(0, Math.floor((now - first) / every));
  return new Date(first + (periods + 1) * every);
}

function isTold(place: Target, kind: NoticeKind, inquiry: Inquiry, since: Inquiry | null): boolean {
  if (place.channel !== 'email') return true;
  // A mail about a delegation goes only to a person who can decide because of it and has not been informed before.
  if (kind === 'delegated') {
    return since !== null && delegationFor(since, place) === null && delegationFor(inquiry, place) !== null;
  }
  return MAILED.includes(kind);
}

/** An unsettled event of a target. */
export interface QueuedEvent {
  id: number;
  kind: NoticeKind;
}

/** The state of a target: whether its inquiry is open, and whether it was announced to the target. */
export interface TargetState {
  channel: NoticeChannel;
  open: boolean;
  told: boolean;
}

/**
 * Chooses the next event for a target from its unsettled ones, which are in order, and the events that it supersedes. A program gets
 * every event in order. People are shown the present state of the inquiry, and nothing if it ended before it was announced to them.
 */
export function chooseEvent<Event extends QueuedEvent>(
  queue: readonly Event[],
  { channel, open, told }: TargetState,
): { send: Event | null; superseded: Event[] } {
  if (channel === 'webhook') return { send: queue[0] ?? null, superseded: [] };
  const kept = new Set<Event>();
  const keepLast = (fits: (kind: NoticeKind) => boolean) => {
    const last = queue.findLast(({ kind }) => fits(kind));
    if (last !== undefined) kept.add(last);
  };
  if (!told) {
    if (open) keepLast((kind) => kind === 'opened');
  } else if (open) {
    keepLast((kind) => kind === 'reminded');
    keepLast((kind) => kind !== 'reminded');
  } else keepLast((kind) => kind !== 'reminded');
  const send = queue.find((event) => kept.has(event)) ?? null;
  return { send, superseded: queue.filter((event) => !kept.has(event)) };
}

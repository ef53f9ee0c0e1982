import { inquiriesOf } from '../interpreter/inquiries.ts';
import type { Place, RunState, Visit, Work } from '../interpreter/state.ts';
import type { CarriedState } from '../model/carried-state.ts';
import type { Inquiry } from '../model/inquiry.ts';

/** Work that an earlier run of a chain has ended: a visit, or an item of it. */
export interface PastWork {
  place: Place;
  visit: Visit;
  work: Work;
}

/** What earlier runs of a chain have done, as they left it: the state that they hand on does not tell all of it. */
export interface Past {
  work(place: Place): PastWork | undefined;
  all(): Iterable<PastWork>;
  readonly size: number;
  /** What was asked there and is not in the state any more, in order. */
  readonly inquiries: readonly Inquiry[];
}

/** Makes it, over what is known of runs before; `keep` takes what a run leaves to the next one, and hands on. */
export function createPast(before?: Past): Past & { keep(state: RunState, carried: CarriedState | undefined): void } {
  const works = new Map<string, PastWork>();
  const inquiries: Inquiry[] = [];
  const known = (place: Place) => works.get(placeKey(place)) ?? before?.work(place);
  const put = (place: Place, visit: Visit, work: Work) => {
    if (known(place) === undefined) works.set(placeKey(place), { place, visit, work });
  };
  return {
    work: known,
    *all() {
      if (before !== undefined) yield* before.all();
      yield* works.values();
    },
    get size() {
      return (before?.size ?? 0) + works.size;
    },
    get inquiries() {
      return before === undefined ? inquiries : [...before.inquiries, ...inquiries];
    },
    keep(state, carried) {
      const handed = new Set(carried?.inquiries.map(({ key }) => key));
      state.visits.forEach((visit, index) => {
        if (visit.endedAt !== null) put({ visit: index, item: null }, visit, visit);
        visit.items?.work.forEach((work, item) => {
          if (work.ended !== null && work.status !== 'running') put({ visit: index, item }, visit, work);
        });
      });
      inquiries.push(...inquiriesOf(state).filter(({ key }) => !handed.has(key)));
    },
  };
}

function placeKey({ visit, item }: Place): string {
  return item === null ? String(visit) : `${visit}/${item}`;
}

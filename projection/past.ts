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
  /** What was asked there and is not in the state any more, in order. */
  readonly inquiries: readonly Inquiry[];
}

/** Makes it; `keep` takes what a run leaves to the next one, and hands on. */
export function createPast(): Past & { keep(state: RunState, carried: CarriedState | undefined): void } {
  const works = new Map<string, PastWork>();
  const inquiries: Inquiry[] = [];
  const put = (place: Place, visit: Visit, work: Work) => {
    const key = placeKey(place);
    if (!works.has(key)) works.set(key, { place, visit, work });
  };
  return {
    inquiries,
    work: (place) => works.get(placeKey(place)),
    all: () => works.values(),
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

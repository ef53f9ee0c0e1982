import { projectInquiries } from '../interpreter/inquiries.ts';
import type { Place, RunState, Visit, Work } from '../interpreter/state.ts';
import type { CarriedState } from '../model/carried-state.ts';
import type { Inquiry } from '../model/inquiry.ts';

/** Work that an earlier run of a chain has ended: a visit, or an item of it. */
export interface PastWork {
  place: Place;
  visit: Visit;
  work: Work;
}

/** The work of earlier runs of a chain as they left it, which the state that they pass on does not hold completely. */
export interface Past {
  work(place: Place): PastWork | undefined;
  all(): Iterable<PastWork>;
  /** The inquiries of earlier runs that the state no longer has, in order. */
  readonly inquiries: readonly Inquiry[];
}

/** Creates an empty past; `keep` takes the state that a run leaves and the state that it passes on. */
export function createPast(): Past & { keep(state: RunState, carried: CarriedState | undefined): void } {
  /** By the index of the visit, and then by that of the item. */
  const works = new Map<number, Map<number | null, PastWork>>();
  const inquiries: Inquiry[] = [];
  /** Keeps the work of a visit, and of its items, that has ended. */
  const keepVisit = (visit: Visit, index: number) => {
    const known = works.get(index) ?? new Map<number | null, PastWork>();
    const put = (item: number | null, work: Work) => {
      if (!known.has(item)) known.set(item, { place: { visit: index, item }, visit, work });
    };
    if (visit.endedAt !== null) put(null, visit);
    visit.items?.work.forEach((work, item) => {
      if (work.ended !== null && work.status !== 'running') put(item, work);
    });
    if (known.size > 0) works.set(index, known);
  };
  return {
    inquiries,
    work: ({ visit, item }) => works.get(visit)?.get(item),
    *all() {
      for (const known of works.values()) yield* known.values();
    },
    keep(state, carried) {
      const handed = new Set(carried?.inquiries.map(({ key }) => key));
      state.visits.forEach(keepVisit);
      inquiries.push(...projectInquiries(state).filter(({ key }) => !handed.has(key)));
    },
  };
}

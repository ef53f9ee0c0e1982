import { projectInquiries } from '../../interpreter/inquiries.ts';
import type { Place, RunState, Visit, Work } from '../../interpreter/state.ts';
import type { CarriedState } from '../../model/carried-state.ts';
import type { Inquiry } from '../../model/inquiry.ts';

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

/** A past to which the runs of a chain are added. */
export interface GrowingPast extends Past {
  /** Takes the state that a run leaves, and the state that it passes on. */
  keep(state: RunState, carried: CarriedState | undefined): void;
  /** Returns a past with the same work, to which others are added. */
  copy(): GrowingPast;
}

/** By the index of the visit, and then by that of the item. */
type Works = Map<number, Map<number | null, PastWork>>;

/** Creates an empty past. */
export function createPast(): GrowingPast {
  return new WorkOfRuns(new Map(), []);
}

class WorkOfRuns implements GrowingPast {
  #works: Works;
  #inquiries: Inquiry[];
  /** Whether a copy has the same work: then this one is copied before it changes. */
  #isShared = false;

  constructor(works: Works, inquiries: Inquiry[]) {
    this.#works = works;
    this.#inquiries = inquiries;
  }

  get inquiries(): readonly Inquiry[] {
    return this.#inquiries;
  }

  work({ visit, item }: Place): PastWork | undefined {
    return this.#works.get(visit)?.get(item);
  }

  *all(): Generator<PastWork> {
    for (const known of this.#works.values()) yield* known.values();
  }

  keep(state: RunState, carried: CarriedState | undefined): void {
    if (this.#isShared) this.#separate();
    const handed = new Set(carried?.inquiries.map(({ key }) => key));
    state.visits.forEach((visit, index) => {
      this.#keepVisit(visit, index);
    });
    this.#inquiries.push(...projectInquiries(state).filter(({ key }) => !handed.has(key)));
  }

  copy(): GrowingPast {
    const copied = new WorkOfRuns(this.#works, this.#inquiries);
    copied.#isShared = true;
    this.#isShared = true;
    return copied;
  }

  #separate(): void {
    this.#works = new Map([...this.#works].map(([visit, known]) => [visit, new Map(known)]));
    this.#inquiries = [...this.#inquiries];
    this.#isShared = false;
  }

  /** Keeps the work of a visit, and of its items, that has ended. */
  #keepVisit(visit: Visit, index: number): void {
    const known = this.#works.get(index) ?? new Map<number | null, PastWork>();
    const put = (item: number | null, work: Work) => {
      if (!known.has(item)) known.set(item, { place: { visit: index, item }, visit, work });
    };
    if (visit.endedAt !== null) put(null, visit);
    visit.items?.work.forEach((work, item) => {
      if (work.ended !== null && work.status !== 'running') put(item, work);
    });
    if (known.size > 0) this.#works.set(index, known);
  }
}

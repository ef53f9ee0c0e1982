import { useState } from 'preact/hooks';

/** The runs that somebody has chosen. */
export interface Selection {
  /** The ids of single runs. */
  ids: ReadonlySet<number>;
  /** Whether everything that matches the filters is chosen. */
  isAll: boolean;
  toggle: (id: number) => void;
  /** Chooses runs, or no longer, besides those that are chosen. */
  chooseMany: (ids: readonly number[], isChosen: boolean) => void;
  chooseAll: () => void;
  clear: () => void;
}

const NONE: { ids: ReadonlySet<number>; isAll: boolean } = { ids: new Set(), isAll: false };

/** Keeps the runs that somebody chooses in a list, until its filters change. `list` identifies the list. */
export function useSelection(list: string): Selection {
  const [kept, setKept] = useState({ list, ...NONE });
  const { ids, isAll } = kept.list === list ? kept : NONE;
  const change = (next: ReadonlySet<number>) => setKept({ list, ids: next, isAll: false });
  return {
    ids,
    isAll,
    toggle: (id) => change(ids.has(id) ? new Set([...ids].filter((each) => each !== id)) : new Set([...ids, id])),
    chooseMany: (many, isChosen) =>
      change(new Set(isChosen ? [...ids, ...many] : [...ids].filter((id) => !many.includes(id)))),
    chooseAll: () => setKept({ list, ids: new Set(), isAll: true }),
    clear: () => setKept({ list, ...NONE }),
  };
}

import { useState } from 'preact/hooks';

/** Which runs are selected: some by their ids, or everything that matches the filters. */
interface Selected {
  ids: ReadonlySet<number>;
  isAll: boolean;
}

/** The runs that somebody has selected. */
export interface Selection extends Selected {
  /** Selects a run, or no longer; `page` has the ids of the runs that are listed with it. */
  toggle: (id: number, page: readonly number[]) => void;
  /** Selects runs, or no longer, besides those that are selected. */
  chooseMany: (ids: readonly number[], isChosen: boolean) => void;
  chooseAll: () => void;
  clear: () => void;
}

const NONE: Selected = { ids: new Set(), isAll: false };

/** Keeps the runs that somebody selects in a list, until its filters change. `list` identifies the list. */
export function useSelection(list: string): Selection {
  const [kept, setKept] = useState({ list, selected: NONE });
  const selected = kept.list === list ? kept.selected : NONE;
  const select = (next: Selected) => setKept({ list, selected: next });
  return {
    ids: selected.ids,
    isAll: selected.isAll,
    toggle: (id, page) => select(toggleRun(selected, id, page)),
    chooseMany: (many, isChosen) => {
      const others = [...selected.ids].filter((id) => !many.includes(id));
      select({ ids: new Set(isChosen ? [...others, ...many] : others), isAll: false });
    },
    chooseAll: () => select({ ids: new Set(), isAll: true }),
    clear: () => select(NONE),
  };
}

/**
 * Returns what is selected once the box of a run has been clicked. Nothing selects everything but one run: where everything is selected, the
 * others of the page remain.
 */
export function toggleRun({ ids, isAll }: Selected, id: number, page: readonly number[]): Selected {
  const before = isAll ? page : [...ids];
  const others = before.filter((each) => each !== id);
  return { ids: new Set(others.length < before.length ? others : [...others, id]), isAll: false };
}

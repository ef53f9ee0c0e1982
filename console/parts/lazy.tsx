import { type Signal, signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { RequestError } from '../client/request-error.ts';
import { Loading } from './loading.tsx';
import { ReadError } from './read-error.tsx';

/** A component that browsers load when it is wanted. */
export interface LazyComponent<P> {
  /** Undefined before it is loaded; null if it could not be. */
  component: Signal<ComponentType<P> | null | undefined>;
  /** Loads it, unless that has begun. */
  load: () => void;
}

/** Makes a component that is fetched once. */
export function createLazyComponent<P>(fetchComponent: () => Promise<ComponentType<P>>): LazyComponent<P> {
  const component: LazyComponent<P>['component'] = signal();
  let hasBegun = false;
  return {
    component,
    load() {
      if (hasBegun) return;
      hasBegun = true;
      fetchComponent().then(
        (loaded) => (component.value = loaded),
        () => (component.value = null),
      );
    },
  };
}

/** Makes a component of one that is loaded when it is shown for the first time; `noun` names it until then, such as `timeline`. */
export function createLazyView<P extends object>(
  noun: string,
  fetchComponent: () => Promise<ComponentType<P>>,
): ComponentType<P> {
  const { component, load } = createLazyComponent(fetchComponent);
  return function LazyView(props: P) {
    useEffect(load, []);
    const Shown = component.value;
    if (Shown === null) return <NotLoaded what={`The ${noun}`} />;
    return Shown === undefined ? <Loading of={`the ${noun}`} /> : <Shown {...props} />;
  };
}

const NOT_LOADED = new RequestError('The API cannot be reached, or has a newer version of the console.', {
  status: 0,
  code: 'part_not_loaded',
  requestId: null,
});

/**
 * Says that a part of the console could not be loaded, and loads the whole console again in its newest version: a browser does not ask twice
 * for a module that it could not load.
 */
export function NotLoaded({ what }: { what: string }) {
  return <ReadError what={`${what} could not be loaded`} error={NOT_LOADED} retry={() => location.reload()} />;
}

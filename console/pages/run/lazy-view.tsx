import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { RequestError } from '../../client/request-error.ts';
import { ReadError } from '../../parts/read-error.tsx';

const NOT_LOADED = new RequestError('The API cannot be reached, or has a newer version of the console.', {
  status: 0,
  code: 'view_not_loaded',
  requestId: null,
});

/** Makes a component of one that browsers load when it is shown for the first time; `what` names it where it cannot be loaded. */
export function createLazyView<P extends object>(
  what: string,
  load: () => Promise<ComponentType<P>>,
): ComponentType<P> {
  const loaded = signal<ComponentType<P> | null | undefined>();
  let hasBegun = false;
  return function LazyView(props: P) {
    useEffect(() => {
      if (hasBegun) return;
      hasBegun = true;
      load().then(
        (component) => (loaded.value = component),
        () => (loaded.value = null),
      );
    }, []);
    const Shown = loaded.value;
    if (Shown === null) {
      return <ReadError what={`${what} could not be loaded`} error={NOT_LOADED} retry={() => location.reload()} />;
    }
    if (Shown === undefined) return <div class="bone tall" role="status" aria-label="Loading" aria-busy="true" />;
    return <Shown {...props} />;
  };
}

import { useEffect, useRef } from 'preact/hooks';
import { apiHref } from './request.ts';

/** Milliseconds after which a stream that was refused is asked for again. */
const ASK_AGAIN = 5_000;

/** Milliseconds in which news are gathered before they are looked at together. */
const GATHERED = 700;

/**
 * Follows a stream of events of the API while `path` is not null, and calls back when something may have happened: when the stream opens, and
 * with what has been gathered in 0.7 s of its events. A stream that breaks is continued, and one that is refused is asked for again.
 */
export function useEvents(path: string | null, names: readonly string[], onNews: () => void): void {
  const callback = useRef(onNews);
  callback.current = onNews;
  const listened = names.join();
  useEffect(() => {
    if (path === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const gather = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        callback.current();
      }, GATHERED);
    };
    let stream: EventSource;
    let again: ReturnType<typeof setTimeout> | undefined;
    const open = () => {
      stream = new EventSource(apiHref(path));
      for (const name of listened.split(',')) stream.addEventListener(name, gather);
      // Something may have happened between what was read and the first event.
      stream.addEventListener('open', gather);
      // An end is an event, after which nothing more comes.
      stream.addEventListener('end', () => stream.close());
      stream.addEventListener('error', () => {
        // The browser continues what breaks, but gives up what is refused, or has nothing more to say.
        if (stream.readyState !== EventSource.CLOSED) return;
        gather();
        again = setTimeout(open, ASK_AGAIN);
      });
    };
    open();
    return () => {
      clearTimeout(timer);
      clearTimeout(again);
      stream.close();
    };
  }, [path, listened]);
}

import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Glyph } from '../../parts/glyph.tsx';

/** What a file is given to. */
interface Opening {
  open: (file: File) => void;
}

/**
 * Opens a file that is dropped anywhere on the page, which browsers would leave for it otherwise. Returns whether one is held over the page.
 * `open` must stay the same function.
 */
export function useDroppedFile(open: (file: File) => void): boolean {
  const [isOver, setOver] = useState(false);
  useLayoutEffect(() => {
    const hold = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      setOver(event.type === 'dragover');
    };
    const drop = (event: DragEvent) => {
      hold(event);
      const [file] = event.dataTransfer?.files ?? [];
      if (file !== undefined) open(file);
    };
    const listeners = { dragover: hold, dragleave: hold, drop };
    for (const [name, listener] of Object.entries(listeners)) addEventListener(name as 'drop', listener);
    return () => {
      for (const [name, listener] of Object.entries(listeners)) removeEventListener(name as 'drop', listener);
    };
  }, [open]);
  return isOver;
}

/** The place that says that a file may be dropped, and a button that chooses one. */
export function DropZone({ open, isOver }: Opening & { isOver: boolean }) {
  return (
    <section class={isOver ? 'empty drop over' : 'empty drop'} aria-label="Drop a history file here">
      <Glyph of="file" size={32} />
      <p class="strong">Drop a history file here</p>
      <p class="soft">
        An export of Fermata, what <code>temporal workflow show --output json</code> writes, or a download of the
        Temporal UI. It stays in this browser: nothing is sent anywhere.
      </p>
      <FilePicker open={open} />
    </section>
  );
}

/** A button that chooses a file. */
export function FilePicker({ open }: Opening) {
  const field = useRef<HTMLInputElement>(null);
  function choose() {
    const [file] = field.current?.files ?? [];
    if (file !== undefined) open(file);
    // The same file may have changed when it is chosen again.
    if (field.current !== null) field.current.value = '';
  }
  return (
    <>
      <input
        ref={field}
        class="hidden"
        type="file"
        accept=".json,application/json"
        tabIndex={-1}
        aria-hidden="true"
        onChange={choose}
      />
      <button type="button" class="button primary" onClick={() => field.current?.click()}>
        Choose a file
      </button>
    </>
  );
}

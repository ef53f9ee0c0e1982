import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { RequestError } from '../../client/request-error.ts';
import { Glyph } from '../../parts/glyph.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Fact } from '../../parts/lists/fact.tsx';
import { Loading } from '../../parts/loading.tsx';
import { countText } from '../../parts/words.ts';
import { go, hrefOf } from '../../routing/location.ts';
import { OPEN_PAGE } from '../../routing/open-page.ts';
import { Debugger } from './debugger.tsx';
import { DropZone, FilePicker, useDroppedFile } from './drop-zone.tsx';
import type { Engine } from './engines/engine.ts';
import { openLocally } from './engines/local-engine.ts';
import { type DebuggerWorker, startWorker } from './engines/worker.ts';
import { givenFile } from './given-file.ts';

/** A file that somebody has opened. */
interface OpenedFile {
  /** Counts the files of the page. */
  number: number;
  name: string;
  /** Null while it is read, and if it cannot be. */
  engine: Engine | null;
  /** Why it cannot be read. */
  refusal: string | null;
}

/** Opens the file of a history, and steps through it. Nothing is asked of the API, and nothing of the file leaves the browser. */
export function HistoryPage() {
  const worker = useMemo(startPreparedWorker, []);
  useLayoutEffect(() => worker.close, [worker]);
  const [file, setFile] = useState<OpenedFile | null>(null);
  const newest = useRef(0);
  const open = useCallback(async (name: string, read: () => Promise<string>) => {
    newest.current += 1;
    const opened: OpenedFile = { number: newest.current, name, engine: null, refusal: null };
    setFile(opened);
    const outcome = await openText(worker, read);
    if (opened.number === newest.current) setFile(Object.assign(outcome, { number: opened.number, name }));
  }, []);
  const choose = useCallback((chosen: File) => {
    // What the address says is about another file: an earlier one, or the one that it names.
    go(hrefOf(OPEN_PAGE), { replace: true });
    void open(chosen.name, () => chosen.text());
  }, []);
  const isOver = useDroppedFile(choose);
  useEffect(() => {
    const given = givenFile();
    if (given !== null) void open(given.name, given.read);
  }, []);
  const engine = file?.engine ?? null;
  return (
    <div class="page">
      <div class="title-row">
        <Heading title="Open a history" />
        {engine !== null && <FilePicker open={choose} />}
      </div>
      {file !== null && file.refusal !== null && <Refusal file={file} />}
      {file !== null && engine === null && file.refusal === null && <Loading of="the history" />}
      {file !== null && engine !== null ? (
        <>
          <FileFacts name={file.name} engine={engine} />
          <Debugger key={file.number} engine={engine} download={null} />
        </>
      ) : (
        <DropZone open={choose} isOver={isOver} />
      )}
    </div>
  );
}

/** Starts a worker that first loads all libraries: a file waits until they are there, and nothing is asked for while it is debugged. */
function startPreparedWorker(): DebuggerWorker {
  const worker = startWorker();
  // A file that needs what could not be loaded is refused.
  worker.call('prepare', null).catch(() => {});
  return worker;
}

/** Opens a text, or says why it cannot be opened. */
async function openText(
  worker: DebuggerWorker,
  read: () => Promise<string>,
): Promise<Pick<OpenedFile, 'engine' | 'refusal'>> {
  try {
    return { engine: await openLocally(worker, [await read()]), refusal: null };
  } catch (error) {
    return { engine: null, refusal: error instanceof RequestError ? error.message : 'The browser cannot read it.' };
  }
}

function Refusal({ file: { name, refusal } }: { file: OpenedFile }) {
  return (
    <p class="trouble" role="alert">
      <Glyph of="warning" />
      <span>
        <span class="strong">{name} cannot be opened.</span> {refusal}
      </span>
    </p>
  );
}

function FileFacts({ name, engine: { run } }: { name: string; engine: Engine }) {
  const { id, ref, version, interpreter, masked, runs } = run;
  return (
    <dl class="facts">
      <Fact name="File">{name}</Fact>
      <Fact name="Workflow">
        {ref}
        {id !== null && ` ${id}`}
      </Fact>
      <Fact name="Version">{version}</Fact>
      <Fact name="Interpreter">{interpreter}</Fact>
      {runs.length > 1 && <Fact name="Chain">{countText(runs.length, 'run')}</Fact>}
      {masked && (
        <Fact name="Note" isSilent>
          some values are hidden
        </Fact>
      )}
    </dl>
  );
}

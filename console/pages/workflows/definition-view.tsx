import { useRead } from '../../client/reads.ts';
import { requestText } from '../../client/request.ts';
import type { RunGraph } from '../../client/shapes.ts';
import { Canvas } from '../../graph/canvas.tsx';
import { Loading } from '../../parts/loading.tsx';
import { ReadError } from '../../parts/read-error.tsx';
import { go, hrefWith, pageQuery } from '../../routing/location.ts';

const NONE: ReadonlySet<string> = new Set();

/** A task of a definition has done nothing that could be shown. */
const openNothing = () => {};

/** The graph of a workflow; `path` is that of the workflow in the API. */
export function DefinitionGraph({ path, title }: { path: string; title: string }) {
  const { value, error, reload } = useRead<{ data: RunGraph }>(`${path}/graph?layout=1`);
  if (error !== null) return <ReadError what="The graph could not be read" error={error} retry={reload} />;
  if (value === undefined) return <Loading of="the graph" />;
  return <Canvas title={title} graph={value.data} work={null} taken={NONE} selected={null} open={openNothing} />;
}

/** The definition of a workflow as text, with numbered lines. */
export function DefinitionText({ path }: { path: string }) {
  const format = pageQuery.value.get('format') === 'json' ? 'json' : 'yaml';
  const { value, error, reload } = useRead(`${path}/source?format=${format}`, requestText);
  return (
    <>
      <div class="formats" role="radiogroup" aria-label="Format">
        {(['yaml', 'json'] as const).map((each) => (
          <label key={each}>
            <input
              type="radio"
              name="format"
              checked={each === format}
              onChange={() => go(hrefWith({ format: each === 'yaml' ? null : each }), { replace: true })}
            />
            {each.toUpperCase()}
          </label>
        ))}
      </div>
      {error !== null && <ReadError what="The definition could not be read" error={error} retry={reload} />}
      {error === null && value === undefined && <Loading of="the definition" />}
      {error === null && value !== undefined && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields of a form
        // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it with the keyboard
        <pre class="source" tabIndex={0} role="group" aria-label="Definition">
          {value
            .trimEnd()
            .split('\n')
            .map((line, index) => (
              <span key={index}>{`${line}\n`}</span>
            ))}
        </pre>
      )}
    </>
  );
}

import { useRead } from '../../../client/reads.ts';
import { type ApiRequestOptions, request, requestText } from '../../../client/request.ts';
import type { ShownWorkflow } from '../../../client/shapes.ts';
import { Loading } from '../../../parts/loading.tsx';
import { ReadError } from '../../../parts/read-error.tsx';
import { TextDifference } from '../../../parts/texts/text-difference.tsx';
import { writeRevision } from './definition-text.ts';

/** The lines in which two revisions of a workflow differ; `path` is that of the workflow in the API. */
export function Difference({ path, from, to }: { path: string; from: number; to: number }) {
  const before = useRead(`${path}?revision=${from}`, readRevision);
  const after = useRead(`${path}?revision=${to}`, readRevision);
  const error = before.error ?? after.error;
  if (error !== null) {
    const retry = () => {
      before.reload();
      after.reload();
    };
    return <ReadError what="The revisions could not be compared" error={error} retry={retry} />;
  }
  if (before.isLoading || after.isLoading || before.value === undefined || after.value === undefined) {
    return <Loading of="the difference" />;
  }
  return <TextDifference before={before.value} after={after.value} />;
}

/** Reads all of a revision as one text: its definition as YAML, and its schemas, if it has them. */
async function readRevision(path: string, options: ApiRequestOptions): Promise<string> {
  const [{ data }, definition] = await Promise.all([
    request<{ data: ShownWorkflow }>(path, options),
    requestText(path.replace('?', '/source?'), options),
  ]);
  return writeRevision(data, definition);
}

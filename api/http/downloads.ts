import type { Context } from 'hono';
import type { ApiEnv } from './environment.ts';

/** Has browsers save an answer, where a download is asked for, under a name that is safe in every file system. */
export function nameDownload(context: Context<ApiEnv>, download: '1' | undefined, name: string): void {
  if (download === undefined) return;
  context.header('content-disposition', `attachment; filename="${name.replaceAll(/[^\w-]+/g, '_')}.json"`);
}

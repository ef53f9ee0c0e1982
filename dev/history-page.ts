import { createHistoryPage, type HistoryFile } from '../composition/history-page.ts';
import { listen } from '../composition/server.ts';

const LOOPBACK = '127.0.0.1';

/** Serves the console's page for histories, with a file, to this machine alone, for as long as the process lasts. Returns its URL. */
export async function serveHistory(file: HistoryFile): Promise<string> {
  const { routes, path } = createHistoryPage(file, LOOPBACK);
  const { port } = await listen(routes.fetch, LOOPBACK, 0);
  return `http://${LOOPBACK}:${port}${path}`;
}

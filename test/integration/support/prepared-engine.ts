import { beginFolders } from '../../store/test-folders.ts';
import { prepareEmbedded } from './prepared.ts';

/** An embedded database for the slow tests, of which each file opens a copy. */
export default async function setup(): Promise<() => Promise<void>> {
  const end = await beginFolders();
  await prepareEmbedded();
  return end;
}

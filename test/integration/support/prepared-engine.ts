import { beginFolders } from '../../store/test-folders.ts';
import { prepareEngines } from './prepared.ts';

/** Databases of both engines for the slow tests, of which each file opens a copy. */
export default async function setup(): Promise<() => Promise<void>> {
  const endFolders = await beginFolders();
  try {
    const endEngines = await prepareEngines();
    return async () => {
      await endEngines();
      await endFolders();
    };
  } catch (error) {
    await endFolders();
    throw error;
  }
}

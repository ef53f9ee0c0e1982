import { pageQuery, ROOT } from '../../routing/location.ts';

/** A file that the command line serves next to the page, for the page alone. */
interface GivenFile {
  name: string;
  /** Throws an Error where it is not there any more. */
  read: () => Promise<string>;
}

/** Returns the file that the address names; null: it names none. */
export function givenFile(): GivenFile | null {
  const path = pageQuery.peek().get('file');
  const [, name] = /^[\w-]+\/([^/?#]+)$/.exec(path ?? '') ?? [];
  if (name === undefined) return null;
  return {
    name: readName(name),
    async read() {
      const answer = await fetch(`${ROOT}/console/files/${path}`);
      if (!answer.ok) throw new Error(`answered with ${answer.status}`);
      return answer.text();
    },
  };
}

/** Reads a name in an address; one that is not written as addresses are stays as it is. */
function readName(written: string): string {
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}

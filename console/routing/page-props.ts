/** The parts of its address that a page is given: the thing that it is about, and which of its views is shown; empty where there is none. */
export interface PageProps {
  of: string;
  tab: string;
}

/** Reads the parts of an address that the pattern of a page has found; returns null if they are not encoded as addresses are. */
export function readPageProps([, of = '', tab = '']: readonly (string | undefined)[]): PageProps | null {
  try {
    return { of: decodeURIComponent(of), tab };
  } catch {
    return null;
  }
}

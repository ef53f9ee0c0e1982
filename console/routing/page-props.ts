/** The parts of its address that a page is given: the thing that it is about, and which of its views is shown; empty where there is none. */
export interface PageProps {
  of: string;
  tab: string;
}

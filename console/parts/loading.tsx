/** Stands for something that is on its way; `of` names it, such as `the graph`. */
export function Loading({ of }: { of: string }) {
  return <div class="bone tall" role="status" aria-label={`Loading ${of}`} aria-busy="true" />;
}

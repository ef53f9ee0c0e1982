import { Heading } from '../parts/heading.tsx';
import { hrefOf } from '../routing/location.ts';

/** Answers an address that no page has. */
export function NoPage() {
  return (
    <div class="page">
      <Heading title="Page not found" />
      <p>
        The address may be mistyped, or its page may be part of a later version.{' '}
        <a href={hrefOf('/runs')}>See the runs</a>.
      </p>
    </div>
  );
}

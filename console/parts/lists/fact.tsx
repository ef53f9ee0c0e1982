import type { ComponentChildren } from 'preact';

/** A fact in a list of them (`<dl class="facts">`); `isSilent` hides a name that the fact itself repeats. */
export function Fact({
  name,
  isSilent = false,
  children,
}: {
  name: string;
  isSilent?: boolean;
  children: ComponentChildren;
}) {
  return (
    <div>
      <dt class={isSilent ? 'hidden' : 'soft'}>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

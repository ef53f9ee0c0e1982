import type { ComponentChildren } from 'preact';

/** A switch, which is named by what stands in it. */
export function SwitchButton({
  isOn,
  turn,
  children,
}: {
  isOn: boolean;
  turn: () => void;
  children: ComponentChildren;
}) {
  return (
    <button type="button" role="switch" class="switch" aria-checked={isOn} onClick={turn}>
      {children}
    </button>
  );
}

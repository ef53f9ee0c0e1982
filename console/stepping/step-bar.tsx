import type { ComponentChildren } from 'preact';
import { Glyph, type GlyphName } from '../parts/glyph.tsx';
import { numberText } from '../parts/words.ts';
import type { Stepping } from './stepping.ts';

/** What a stepper is given. */
interface StepBarProps {
  stepping: Stepping;
  /** What is stepped through: the singular, such as `event`. */
  noun: string;
  /** What stands at the place, such as `ActivityTaskCompleted, probe`. */
  text: string;
  /** A picture of all places, on which the slider moves. */
  picture?: ComponentChildren;
  /** Further controls, and what is said about the place. */
  children?: ComponentChildren;
}

/** A slider over numbered places, with buttons that lead to others and play them one after the other. */
export function StepBar({ stepping, noun, text, picture, children }: StepBarProps) {
  const { place, first, last, go, change, isPlaying, play } = stepping;
  const name = noun.charAt(0).toUpperCase() + noun.slice(1);
  return (
    <div class="stepper">
      <div class="steps">
        <div class="step-buttons">
          <StepButton of="first" name={`First ${noun}`} keys="Home" isIdle={place <= first} act={() => go(first)} />
          <StepButton of="left" name={`Previous ${noun}`} keys="[" isIdle={place <= first} act={() => go(place - 1)} />
          <button type="button" class="button primary play" onClick={play} aria-disabled={place >= last && !isPlaying}>
            <Glyph of={isPlaying ? 'stop' : 'play'} />
            {isPlaying ? 'Stop' : 'Play'}
          </button>
          <StepButton of="right" name={`Next ${noun}`} keys="]" isIdle={place >= last} act={() => go(place + 1)} />
          <StepButton of="last" name={`Last ${noun}`} keys="End" isIdle={place >= last} act={() => go(last)} />
        </div>
        {change !== null && (
          <div class="step-buttons">
            <StepButton
              of="leftChange"
              name="Previous change"
              keys="p"
              isIdle={place <= first}
              act={() => change(-1)}
            />
            <StepButton of="rightChange" name="Next change" keys="n" isIdle={place >= last} act={() => change(1)} />
          </div>
        )}
        {children}
      </div>
      <div class={picture === undefined ? 'track' : 'track with-picture'}>
        {picture}
        <input
          type="range"
          aria-label={name}
          min={first}
          max={last}
          value={place}
          aria-valuetext={`${name} ${numberText(place)} of ${numberText(last)}: ${text}`}
          onInput={({ currentTarget }) => go(Number(currentTarget.value))}
        />
      </div>
    </div>
  );
}

/** A button with a picture; `keys` is the key that does the same. */
function StepButton({
  of,
  name,
  keys,
  isIdle,
  act,
}: {
  of: GlyphName;
  name: string;
  keys: string;
  isIdle: boolean;
  act: () => void;
}) {
  return (
    <button
      type="button"
      class="button icon"
      aria-label={name}
      aria-keyshortcuts={keys}
      title={`${name} (${keys})`}
      aria-disabled={isIdle}
      onClick={() => isIdle || act()}
    >
      <Glyph of={of} />
    </button>
  );
}

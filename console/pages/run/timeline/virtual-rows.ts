import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useRedraw } from '../../../client/redraw.ts';

/** Rows above and below what can be seen. */
const AROUND = 8;

/** The rows of a long list. */
interface VirtualRowsOptions {
  /** The element that scrolls. */
  frame: RefObject<HTMLElement | null>;
  count: number;
  /** The height of a row, in pixels. */
  height: number;
  /** The height of what stands above the rows and does not scroll away, in pixels. */
  head: number;
  /** The row that is always there. */
  active: number;
}

/** The rows of a long list that are drawn. */
interface VirtualRows {
  /** Their indexes, in order. */
  indexes: readonly number[];
  /** Scrolls as far as is needed to see a row. */
  reveal: (index: number) => void;
}

/** Draws again when other rows of a long list come into sight. */
export function useVirtualRows({ frame, count, height, head, active }: VirtualRowsOptions): VirtualRows {
  const redraw = useRedraw();
  const holder = useRef<Virtualizer<HTMLElement, HTMLElement> | null>(null);
  const options = {
    count,
    getScrollElement: () => frame.current,
    estimateSize: () => height,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    overscan: AROUND,
    paddingStart: head,
    scrollPaddingStart: head,
    onChange: redraw,
  };
  holder.current ??= new Virtualizer(options);
  const virtualizer = holder.current;
  virtualizer.setOptions(options);
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  useLayoutEffect(() => virtualizer.measure(), [virtualizer, height]);
  const seen = virtualizer.getVirtualItems().map(({ index }) => index);
  const indexes = active < count && !seen.includes(active) ? [...seen, active].sort((a, b) => a - b) : seen;
  return { indexes, reveal: (index) => virtualizer.scrollToIndex(index) };
}

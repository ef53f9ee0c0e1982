import { setDefaultSignalHandler } from '@temporalio/workflow';
import { createEventInbox } from '../../../workflows/inbox.ts';

/** Returns what an inbox gave each time it was asked: two signals that come together, then their results without Temporal. */
export async function gather(): Promise<string[][]> {
  const inbox = createEventInbox();
  const push = async (name: string, microtasks: number) => {
    for (let count = 0; count < microtasks; count += 1) await Promise.resolve();
    inbox.push({ type: 'signal', name, payload: null });
  };
  setDefaultSignalHandler((name) => void push(name, name === 'slow' ? 200 : 1));
  const found: string[][] = [];
  const note = () => found.push(inbox.take().map((event) => (event.type === 'signal' ? event.name : event.type)));
  await inbox.gathered();
  note();
  void push('late', 200);
  await inbox.gathered();
  note();
  return found;
}

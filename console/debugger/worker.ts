import { createAnswers } from './answers.ts';
import type { DebuggerRequest } from './protocol.ts';

// The module worker in which a run is debugged. It answers what the page asks, and loads nothing but the libraries that few runs use.

const answer = createAnswers();

addEventListener('message', async ({ data }: MessageEvent<DebuggerRequest>) => postMessage(await answer(data)));

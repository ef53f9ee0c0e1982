import { createAnswers } from './answers.ts';
import type { DebuggerRequest } from './protocol.ts';

// The module worker in which a run is debugged. It answers what the page asks, and asks nobody for anything.

const answer = createAnswers();

addEventListener('message', ({ data }: MessageEvent<DebuggerRequest>) => postMessage(answer(data)));

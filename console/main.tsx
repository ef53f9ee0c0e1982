import { render } from 'preact';
import { openSession } from './client/session.ts';
import { followLinks } from './routing/location.ts';
import { App } from './shell/app.tsx';

followLinks();
render(<App />, document.body);
void openSession();

import { render } from 'preact';
import { watchSession } from './client/session.ts';
import { followLinks } from './routing/location.ts';
import { App } from './shell/app.tsx';
import { preloadPage } from './shell/current-page.tsx';

followLinks();
watchSession();
render(<App />, document.body);
preloadPage();

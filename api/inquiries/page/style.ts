import { createHash } from 'node:crypto';

export const STYLE = `
:root { color-scheme: light dark; --ground: #fff; --text: #1b1f24; --quiet: #59636e; --line: #d1d9e0; --field: #fff;
  --primary: #1a7f37; --danger: #b42318; --plain: #35404d; --box: #f6f8fa; --focus: #0969da; --wrong: #b42318; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0d1117; --text: #e6edf3; --quiet: #9198a1; --line: #3d444d; --field: #151b23;
    --primary: #238636; --danger: #c93c37; --plain: #4a5561; --box: #151b23; --focus: #4493f8; --wrong: #ff7b72; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
header, main { max-width: 40rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; overflow-wrap: anywhere; }
header { padding-bottom: 0; color: var(--quiet); font-weight: 600; }
h1 { font-size: 1.4rem; line-height: 1.3; margin: 0 0 .75rem; }
h2 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 1rem 0; color: var(--quiet); }
dd { margin: 0; color: var(--text); }
pre { background: var(--box); border: 1px solid var(--line); border-radius: 6px; padding: .75rem; margin: .25rem 0 1rem;
  overflow-x: auto; white-space: pre-wrap; font-size: .875rem; }
ul { margin: 0; padding-left: 1.25rem; }
a { color: inherit; }
.details { white-space: pre-wrap; }
.quiet { color: var(--quiet); }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
input, textarea, select { width: 100%; font: inherit; color: inherit; background: var(--field); border: 1px solid var(--quiet);
  border-radius: 6px; padding: .5rem .625rem; min-height: 2.75rem; }
[aria-invalid=true] { border: 2px solid var(--wrong); }
.problem { color: var(--wrong); margin: .25rem 0 0; font-weight: 600; }
.options { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
button { flex: 1 1 10rem; font: inherit; font-weight: 600; color: #fff; background: var(--plain); border: 0; border-radius: 6px;
  padding: .75rem 1rem; min-height: 2.75rem; cursor: pointer; }
button.primary { background: var(--primary); } button.danger { background: var(--danger); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.state { border-left: 4px solid var(--focus); padding: .25rem .75rem; margin: 0 0 1.5rem; }
.state p { margin: 0; }
.wrong { border-left-color: var(--wrong); }
`;

/** The content security policy of the page: its own style and form only. */
export const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

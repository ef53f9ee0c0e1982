/** The style of a picture, for light and dark: it is a part of the file, and concerns nothing around it. */
export const PICTURE_STYLE = `
.fermata-graph{--page:#f6f7f9;--card:#fff;--rim:#d5dae1;--ink:#1b2230;--soft:#5b6575;--line:#98a2b1;--tile:#eef1f5;--accent:#4655c8;--good:#1a7a45;--good-soft:#e3f4ea;--bad:#bf2a36;--bad-soft:#fcebec;--active:#1d63c4;--active-soft:#e5effc;--idle:#6a5a1f;--idle-soft:#f6f0dc;font-family:ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
@media (prefers-color-scheme:dark){.fermata-graph{--page:#11151c;--card:#1b212b;--rim:#333d4b;--ink:#e9edf3;--soft:#a3aebd;--line:#66727f;--tile:#262e3a;--accent:#98a5ff;--good:#6fd39b;--good-soft:#16352a;--bad:#ff8d95;--bad-soft:#42212a;--active:#82b5ff;--active-soft:#18304f;--idle:#dcc77e;--idle-soft:#352f1b}}
.fermata-graph .page{fill:var(--page)}
.fermata-graph .card{fill:var(--card);stroke:var(--rim)}
.fermata-graph .cleanup .card{stroke-dasharray:4 3}
.fermata-graph .tile{fill:var(--tile)}
.fermata-graph .icon{fill:none;stroke:var(--soft);stroke-width:1.3;stroke-linecap:round;stroke-linejoin:round}
.fermata-graph text{fill:var(--ink);unicode-bidi:isolate}
.fermata-graph .name{font-size:13px;font-weight:600}
.fermata-graph .small{font-size:11px;fill:var(--soft)}
.fermata-graph .edge{fill:none;stroke:var(--line);stroke-width:1.5}
.fermata-graph .head{fill:var(--line)}
.fermata-graph .failure .edge{stroke:var(--bad);stroke-dasharray:5 4}
.fermata-graph .failure .head{fill:var(--bad)}
.fermata-graph .label rect{fill:var(--page);stroke:var(--rim)}
.fermata-graph .label text{font-size:11px;fill:var(--soft);text-anchor:middle}
.fermata-graph .badge rect,.fermata-graph .badge circle{fill:var(--card);stroke:var(--rim)}
.fermata-graph .badge text{font-size:10px;font-weight:600;fill:var(--soft);text-anchor:middle}
.fermata-graph .start circle{fill:var(--accent);stroke:var(--page);stroke-width:2}
.fermata-graph .start path{fill:var(--page)}
.fermata-graph .start.stopped circle{fill:var(--soft)}
.fermata-graph .waiting{opacity:.55}
.fermata-graph .mark{fill:none;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.fermata-graph .state{font-weight:600}
${['good', 'bad', 'active', 'idle'].map(stateStyle).join('\n')}
`.trim();

function stateStyle(name: string): string {
  const on = `.fermata-graph .${name}`;
  return `${on} .card{stroke:var(--${name})}${on} .tile{fill:var(--${name}-soft)}${on} .icon,${on} .mark{stroke:var(--${name})}${on} .state{fill:var(--${name})}`;
}

/** The look of the page: one column of at most 60 rem, colours as variables for light and dark, bars that are plain boxes. */
export const STYLE = `
:root{--ink:#1d2330;--soft:#5a6373;--line:#dfe3ea;--paper:#fff;--card:#f6f7f9;--rest:#e9ecf1;
--c0:#2f6fb0;--c1:#d9793a;--c2:#4c9a62;--c3:#8a63b8;--c4:#c2a01f;--c5:#3aa0a8;--c6:#c0504d;--c7:#8b93a1}
@media(prefers-color-scheme:dark){:root{--ink:#e4e8ef;--soft:#9aa4b5;--line:#333b48;--paper:#14181f;--card:#1c222c;--rest:#2a313d;
--c0:#5b9bdc;--c1:#e8965c;--c2:#6dbb84;--c3:#ab8ad4;--c4:#d8bb4a;--c5:#5cc0c8;--c6:#dc7672;--c7:#7d8696}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem 1.25rem 3rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:2.25rem 0 .5rem;padding-top:.9rem;border-top:1px solid var(--line)}
p{margin:.35rem 0}.soft{color:var(--soft)}.small{font-size:.85rem}
code{font:.9em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.warn{border-left:4px solid var(--c1);background:var(--card);padding:.5rem .8rem;margin:.5rem 0;overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(12.5rem,1fr));gap:.7rem;margin:1rem 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.7rem .9rem}
.card b{display:block;font-size:1.45rem;line-height:1.25}.card span{display:block;color:var(--soft);font-size:.85rem}
.bar{display:flex;height:1.6rem;border-radius:5px;overflow:hidden;background:var(--rest);margin:.4rem 0 .7rem}
.bar i,.mini i{display:block;height:100%}
.mini{display:flex;height:.7rem;border-radius:3px;overflow:hidden;min-width:5rem}.mini.track{background:var(--rest)}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th{font-weight:600;text-align:left;color:var(--soft);border-bottom:1px solid var(--line);padding:.25rem .6rem .25rem 0;white-space:nowrap}
td{padding:.22rem .6rem .22rem 0;border-bottom:1px solid var(--line);vertical-align:middle}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.key{white-space:nowrap}td.name{min-width:9rem;max-width:16rem;overflow-wrap:break-word;word-break:break-word}td.graph{width:26%}
tr.sum td{font-weight:600;border-bottom:0}tr.group td{padding-top:.8rem;font-weight:600;color:var(--soft)}
i.key{display:inline-block;width:.75em;height:.75em;border-radius:2px;margin-right:.45em}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.85rem;margin:.3rem 0 .6rem;padding:0;list-style:none}
svg.plot{display:block;width:100%;min-width:40rem}svg.plot text{font-size:13px;fill:var(--ink)}svg.plot text.axis{font-size:11px;fill:var(--soft)}
details{margin:.5rem 0}summary{cursor:pointer;color:var(--soft)}
li{margin:.3rem 0;overflow-wrap:anywhere}footer{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:.8rem}
@media(max-width:40rem){td.what,th.what{display:none}td.graph{width:22%}}
@media print{main{max-width:none;padding:0}h2{break-after:avoid}table,.cards{break-inside:avoid}details{display:none}}
`;

// The demo's one page, as HTML.

/** What the shop sells. */
export const products = ["Apples", "Bread", "Coffee", "Dates"] as const;
export type Product = (typeof products)[number];
/** How many of each are in the cart; none is not there. */
export type Cart = { [Name in Product]?: number };

/** What the page shows. Times are unix milliseconds. */
export interface Shown {
  readonly visits: number;
  readonly cart: Cart;
  readonly userName: string | undefined;
  /** A message for this page only. */
  readonly notice: string | undefined;
  readonly values: readonly (readonly [string, unknown])[];
  readonly store: string;
  readonly now: number;
  readonly idleEnd: number;
  readonly absoluteEnd: number;
}

const style = `
:root { color-scheme: light dark; --line: light-dark(#dde1e6, #393f4a); --soft: light-dark(#5d6673, #a2abb8); --accent: light-dark(#0a6b52, #5fd0ad) }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 44rem; padding: 2rem 1rem; font: 1rem/1.5 system-ui, sans-serif; background: light-dark(#f6f7f9, #14171c); color: light-dark(#1b1f24, #e8ebef) }
header { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; justify-content: space-between; margin-bottom: 1.5rem }
h1 { font-size: 1.25rem; margin: 0 } h2 { font-size: 1rem; margin: 0 0 .75rem }
section { background: light-dark(#fff, #1d2229); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem; margin-bottom: 1rem }
form { display: inline-flex; align-items: center; gap: .5rem; margin: 0 }
button { font: inherit; padding: .3rem .8rem; border: 1px solid var(--line); border-radius: .5rem; background: transparent; color: inherit; cursor: pointer }
button:hover { border-color: var(--accent) } button:disabled { opacity: .35; cursor: default; border-color: var(--line) }
.strong { background: var(--accent); border-color: var(--accent); color: light-dark(#fff, #10201b) }
input { font: inherit; padding: .3rem .6rem; width: 10rem; border: 1px solid var(--line); border-radius: .5rem; background: transparent; color: inherit }
.count { font-size: 3rem; line-height: 1.1; font-weight: 650; color: var(--accent) }
ul { list-style: none; margin: 0; padding: 0 }
li { display: flex; align-items: center; gap: .5rem; padding: .3rem 0 } li span { flex: 1 } li output { min-width: 2rem; text-align: center; font-variant-numeric: tabular-nums }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.25rem; margin: 0 } dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
#notice { border-left: .25rem solid var(--accent); padding: .25rem .75rem; margin-bottom: 1rem; color: inherit }
code { font-family: ui-monospace, monospace; font-size: .9em } p { margin: 0; color: var(--soft) }
`;

/** Gives the page as HTML. */
export function page(shown: Shown): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>edge-session: the demo</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<header><h1>edge-session</h1>${greeting(shown.userName)}</header>
${shown.notice === undefined ? "" : `<p id="notice" role="status">${escaped(shown.notice)}</p>`}
<section>
<h2>Your visits</h2>
<div class="count" id="visits">${shown.visits}</div>
<p>Reload, or open a second tab: each visit counts.</p>
</section>
<section>
<h2>Your cart</h2>
<ul>${products.map((product) => line(product, shown.cart[product] ?? 0)).join("")}</ul>
</section>
<section>
<h2>What the session holds</h2>
<dl>${shown.values.map(([key, value]) => fact(key, `<code>${escaped(JSON.stringify(value))}</code>`)).join("")}</dl>
</section>
<section>
<h2>How long it lasts</h2>
<dl>
${fact("Without a visit", time(shown.idleEnd, shown.now))}
${fact("At the longest", time(shown.absoluteEnd, shown.now))}
${fact("Kept in", escaped(shown.store))}
</dl>
</section>
</body>
</html>
`;
}

function greeting(userName: string | undefined): string {
  if (userName === undefined) {
    return `<form method="post" action="/sign-in"><input name="name" required maxlength="40" placeholder="Your name" aria-label="Your name"><button class="strong">Sign in</button></form>`;
  }
  return `<form method="post" action="/sign-out"><span id="user">Hello, ${escaped(userName)}</span><button>Sign out</button></form>`;
}

function line(product: Product, amount: number): string {
  const hidden = `<input type="hidden" name="product" value="${product}">`;
  return `<li><span>${product}</span>
<form method="post" action="/cart/remove">${hidden}<button aria-label="Remove ${product}"${amount === 0 ? " disabled" : ""}>&minus;</button></form>
<output id="${product}">${amount}</output>
<form method="post" action="/cart/add">${hidden}<button aria-label="Add ${product}">+</button></form></li>`;
}

function fact(name: string, html: string): string {
  return `<dt>${escaped(name)}</dt><dd>${html}</dd>`;
}

function time(at: number, now: number): string {
  const minutes = Math.round((at - now) / 60_000);
  const left = minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
  const iso = new Date(at).toISOString();
  return `ends in ${left}, at <time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

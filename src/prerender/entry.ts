/**
 * What renders the pages in a build: of Astro's pipeline redirects and pages alone, as the site has no middleware and no
 * actions, with a request that lets go of all it holds when its response is there.
 *
 * V8 keeps accessors of object literals, and shapes made by `Object.create`, among old objects. Astro has both for every
 * request, and by their closures they hold all that was made for it, here a whole page, until the next full collection.
 */
import { app } from 'astro/entrypoints/prerender';
import { FetchState, pages, redirects } from 'astro/fetch';
import { setPageScript } from '../layouts/waiting-script.ts';

function empty(record: object | undefined): void {
  if (record) for (const field of Object.keys(record)) Reflect.set(record, field, undefined);
}

// Astro imports the module of a page for each of its addresses: the promise of the first import does for all.
const { pageMap } = app.manifest;
for (const [component, load] of pageMap ?? []) {
  let loaded: ReturnType<typeof load> | undefined;
  pageMap?.set(component, () => (loaded ??= load()));
}

const pageScript = Object.entries(app.manifest.entryModules).find(([file]) => file.endsWith('/src/islands/page.ts'));
if (pageScript === undefined) throw new Error('The build has no src/islands/page.ts: see the plugin that adds it.');
setPageScript(`/${pageScript[1]}`);

// The manifest of every build names both, and Astro would warn that they are not called.
Object.assign(app.manifest, { actions: undefined, middleware: undefined });

app.setFetchHandler({
  async fetch(request) {
    const state = new FetchState(request);
    // An endpoint finds the properties of its page in the context, which is made once.
    await state.getProps();
    const response = await (redirects(state) ?? pages(state));
    empty(state.result);
    empty(state);
    return response;
  },
});

export { app };

/**
 * What every page has in its HTML: the remembered theme before the first paint, and what waits until a reader uses
 * something that needs JavaScript. Only then `page.ts` is loaded: when a button or the search is used ("/" leads to it), when
 * the calculator comes into view, where the address carries settings or a query, or where this browser remembers something.
 * It runs while the head is read, so it is a classic script; a build puts the address of `page.ts` into it.
 */
(() => {
  const root = document.documentElement;
  const load = () => import('./page.ts');
  const use = async (event) => {
    if (event.target.closest('button, search')) (await load()).use(event);
  };
  let kept;
  try {
    kept = { ...localStorage };
  } catch {
    // Storage is off.
  }
  root.dataset.js = '';
  if (kept?.theme) root.dataset.theme = kept.theme;
  addEventListener('click', use);
  addEventListener('focusin', use);
  addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.target.closest('input, select, textarea')) return;
    event.preventDefault();
    document.querySelector('search input').focus();
  });
  addEventListener('hashchange', load);
  addEventListener('DOMContentLoaded', () => {
    const calculator = document.querySelector('vram-calculator');
    if (kept?.theme || kept?.hardware || location.href.includes('=')) load();
    if (!calculator) return;
    new IntersectionObserver(async (entries, observer) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      (await load()).calculate();
    }).observe(calculator);
  });
})();

/**
 * Loads what a page needs when it is used. The search: when its box is touched, or on the page of results; "/" moves the
 * cursor into the box. The calculator: when it comes into view, is touched, or a shared link carries settings for it. Until
 * then, and without JavaScript, its HTML shows the figures of the page. The reader's own device: where one is remembered.
 */
const form = document.querySelector<HTMLFormElement>('search form');

if (form) {
  let loading = false;
  const load = (): void => {
    if (loading) return;
    loading = true;
    void import('./search.ts').then(({ start }) => start(form));
  };
  form.addEventListener('focusin', load);
  addEventListener('keydown', (event) => {
    const { key, ctrlKey, metaKey, altKey, target } = event;
    if (key !== '/' || ctrlKey || metaKey || altKey) return;
    if (target instanceof Element && target.closest('input, select, textarea')) return;
    event.preventDefault();
    form.querySelector('input')?.focus();
  });
  if (document.querySelector('[data-search-results]') && location.search.includes('q=')) load();
}

const calculator = document.querySelector('vram-calculator');

if (calculator) {
  const loadCalculator = (): void => {
    observer.disconnect();
    void import('./calculator.ts');
  };
  const loadIfShared = (): void => {
    if (location.hash.includes('=')) loadCalculator();
  };
  const observer = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) loadCalculator();
  });
  observer.observe(calculator);
  for (const event of ['pointerover', 'focusin']) calculator.addEventListener(event, loadCalculator, { once: true });
  addEventListener('hashchange', loadIfShared);
  loadIfShared();
}

try {
  // The key of `calculator/hardware.ts`, which is not loaded to find nothing.
  if (localStorage.getItem('hardware')) void import('./own-hardware.ts');
} catch {
  // Storage is off.
}

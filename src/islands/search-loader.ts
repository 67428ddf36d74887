/** Loads the search when its box is touched, or on the page of results. "/" moves the cursor into the box. */
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

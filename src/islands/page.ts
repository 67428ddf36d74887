/**
 * What a page does once it is used; `waiting.js` of every page loads it then. It loads the rest in turn: the search when its
 * box is touched or on the page of results, the calculator when it comes into view or a shared link carries settings for it,
 * the reader's own device where one is remembered.
 */
const THEMES = ['auto', 'light', 'dark'];
const COPY_SHOWN_MS = 3000;

const root = document.documentElement;

const theme = (): string => root.dataset['theme'] ?? 'auto';

function labelTheme(): void {
  const button = document.querySelector('[data-theme-switch]');
  if (button) button.textContent = `Theme: ${theme()}`;
}

function switchTheme(): void {
  const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length] ?? 'auto';
  if (next === 'auto') delete root.dataset['theme'];
  else root.dataset['theme'] = next;
  labelTheme();
  try {
    if (next === 'auto') localStorage.removeItem('theme');
    else localStorage.setItem('theme', next);
  } catch {
    // Storage is off.
  }
}

/** Copies what stands in the figure of a button. */
async function copyBeside(button: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(button.closest('figure')?.querySelector('pre')?.textContent ?? '');
    button.textContent = 'Copied';
  } catch {
    // Browsers give pages without https no clipboard.
    button.textContent = 'Select and copy';
  }
  setTimeout(() => {
    button.textContent = 'Copy';
  }, COPY_SHOWN_MS);
}

const form = document.querySelector<HTMLFormElement>('search form');
let searching = false;

function search(): void {
  if (!form || searching) return;
  searching = true;
  // Without it the form leads to the page of all hubs; the next touch tries again.
  import('./search.ts').then(
    ({ start }) => start(form),
    () => {
      searching = false;
    },
  );
}

/** Answers a click or the focus. */
export function use({ type, target }: Event): void {
  if (!(target instanceof HTMLElement)) return;
  if (target.closest('search')) search();
  if (type !== 'click') return;
  if (target.matches('[data-theme-switch]')) switchTheme();
  if (target.matches('[data-copy]')) void copyBeside(target);
}

/** Makes the page's calculator answer. */
export function calculate(): void {
  import('./calculator.ts').catch(() => {
    const place = document.querySelector<HTMLElement>('[data-part="error"]');
    if (!place) return;
    place.hidden = false;
    place.textContent = 'Could not be loaded. Is there a connection?';
  });
}

function calculateIfShared(): void {
  if (location.hash.includes('=') && document.querySelector('vram-calculator')) calculate();
}

labelTheme();
calculateIfShared();
addEventListener('hashchange', calculateIfShared);

if (document.querySelector('[data-search-results]') && location.search.includes('q=')) search();

try {
  // The key of `calculator/hardware.ts`, which is not loaded to find nothing.
  if (localStorage.getItem('hardware')) void import('./own-hardware.ts');
} catch {
  // Storage is off.
}

/**
 * The only script that every page loads: the colour theme and the copy buttons.
 * It runs before the first paint, so it is a classic script without imports; nothing on a page needs it to be read.
 */
(() => {
  const root = document.documentElement;
  const themes = ['auto', 'light', 'dark'];
  const stored = () => {
    try {
      return localStorage.getItem('theme') ?? 'auto';
    } catch {
      return 'auto';
    }
  };
  const apply = (theme) => {
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
    else delete root.dataset.theme;
    const button = document.querySelector('[data-theme-switch]');
    if (button) button.textContent = `Theme: ${root.dataset.theme ?? 'auto'}`;
  };
  root.dataset.js = '';
  apply(stored());
  addEventListener('DOMContentLoaded', () => apply(stored()));
  addEventListener('click', async ({ target }) => {
    if (target.matches('[data-theme-switch]')) {
      const next = themes[(themes.indexOf(root.dataset.theme ?? 'auto') + 1) % themes.length];
      try {
        if (next === 'auto') localStorage.removeItem('theme');
        else localStorage.setItem('theme', next);
      } catch {
        // Storage is off.
      }
      apply(next);
    } else if (target.matches('[data-copy]')) {
      const command = target.closest('figure').querySelector('pre').textContent;
      try {
        await navigator.clipboard.writeText(command);
        target.textContent = 'Copied';
      } catch {
        // Browsers give pages without https no clipboard.
        target.textContent = 'Select and copy';
      }
      setTimeout(() => {
        target.textContent = 'Copy';
      }, 3000);
    }
  });
})();

// What it does and when it runs: layouts/Base.astro, because comments here are sent with every page.
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
      const copied = await navigator.clipboard.writeText(command).then(
        () => true,
        () => false,
      );
      target.textContent = copied ? 'Copied' : 'Select and copy';
    }
  });
})();

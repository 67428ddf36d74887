/** Whether a URL fragment carries settings of the calculator, rather than naming an element of the page. */
export function isStateFragment(fragment: string): boolean {
  return /^#\w=[^&]*(&\w=[^&]*)*$/.test(fragment);
}

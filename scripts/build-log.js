/** Astro's log in a build: pages are counted for the process that waits for them, warnings and errors written out. */
export default () => {
  let pages = 0;
  return {
    /** @param {{ level: string, message: string }} entry */
    write({ level, message }) {
      if (level === 'warn' || level === 'error') process.stderr.write(`${message}\n`);
      else if (message.includes('├─ /')) pages += 1;
      else if (pages % 50 === 0 || !message.startsWith(' (+')) process.send?.(pages);
    },
  };
};

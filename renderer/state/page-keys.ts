import { useEffect, useRef } from 'react';

/** Keys of the page itself: not while something is written, chosen in a menu or asked in a dialog, nor with a modifier that the system has a use for. */
export function usePageKeys(keys: Readonly<Record<string, () => void>>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const { key, target } = event;
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (
        !(target instanceof Element) ||
        target.closest('input, textarea, select, [role=menu], [role=dialog]')
      )
        return;
      // One that has just opened has not the focus yet.
      if (document.querySelector('[role=dialog][data-open]')) return;
      // A button that has the focus is pressed by Enter; of a row the primary action is meant.
      if (key === 'Enter' && target.closest('button, a, summary') && !target.closest('[data-row]')) return;
      // What scrolls, and is no list of rows, is scrolled by them.
      const hasArrows = '[role=tab], [role=switch], section[tabindex]';
      if ((key === 'ArrowUp' || key === 'ArrowDown') && target.closest(hasArrows)) return;
      const run = latest.current[key] ?? latest.current[key.toLowerCase()];
      if (!run) return;
      event.preventDefault();
      run();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
}

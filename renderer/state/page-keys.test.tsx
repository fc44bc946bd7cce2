// @vitest-environment jsdom
import { fireEvent, render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import { usePageKeys } from './page-keys.ts';

it.each([
  ['a button', 1],
  ['a field', 0],
  ['a list to choose from', 0],
  ['a text that scrolls', 0],
])('leave ArrowDown to what has its own use for it: from %s they hear it %i times', (label, heard) => {
  let count = 0;
  function Page() {
    usePageKeys({ ArrowDown: () => count++ });
    return (
      <>
        <button type="button" aria-label="a button" />
        <input aria-label="a field" />
        <select aria-label="a list to choose from" />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys */}
        <section tabIndex={0} aria-label="a text that scrolls" />
      </>
    );
  }
  const { unmount } = render(<Page />);
  const isLeftToIt = fireEvent.keyDown(screen.getByLabelText(label), { key: 'ArrowDown' });
  unmount();
  expect([count, isLeftToIt]).toEqual([heard, heard === 0]);
});

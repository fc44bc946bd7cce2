import type { ReactNode } from 'react';
import type { ShownState } from '../../src/contract/tunnel-state.ts';
import { classNames } from './class-names.ts';

/** Drawn, so that all six have one size and weight in every font. The same shapes as `stateGlyph` of the contract has for text. */
const shapes: Record<ShownState, ReactNode> = {
  off: <circle cx="6" cy="6" r="4.25" className="fill-none stroke-current" strokeWidth="1.5" />,
  connecting: (
    <circle
      cx="6"
      cy="6"
      r="4.25"
      className="origin-center animate-turn fill-none stroke-current"
      strokeWidth="1.5"
      strokeDasharray="2.2 2.25"
    />
  ),
  ready: <circle cx="6" cy="6" r="5" className="fill-current" />,
  waiting: (
    <>
      <circle cx="6" cy="6" r="4.25" className="fill-none stroke-current" strokeWidth="1.5" />
      <path d="M6 6V1.750A4.250 4.250 0 0 1 10.250 6z" className="fill-current" />
    </>
  ),
  'needs you': <rect x="1.5" y="1.5" width="9" height="9" className="fill-current" />,
  paused: <path d="M3 1.500h2v9H3zM7 1.500h2v9H7z" className="fill-current" />,
};

export const stateColor: Record<ShownState, string> = {
  off: 'text-off',
  connecting: 'text-connecting',
  ready: 'text-ready',
  waiting: 'text-waiting',
  'needs you': 'text-needs',
  paused: 'text-paused',
};

export interface StateGlyphProps {
  readonly state: ShownState;
  /** Given where no word beside it says the state. */
  readonly label?: string | undefined;
}

export function StateGlyph({ state, label }: StateGlyphProps) {
  return (
    <>
      <svg viewBox="0 0 12 12" aria-hidden className={classNames('size-3 shrink-0', stateColor[state])}>
        {shapes[state]}
      </svg>
      {label && <span className="sr-only">{label}</span>}
    </>
  );
}

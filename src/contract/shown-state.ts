import type { ShownState, TunnelState, Wanted } from './tunnel-state.ts';

/** The one derivation of the six states that people see, in tray, window, command line, log and audit. */
export function shownState(wanted: Wanted, state: TunnelState): ShownState {
  if (wanted === 'paused') return 'paused';
  switch (state.kind) {
    case 'off':
    case 'connecting':
    case 'ready':
    case 'waiting':
      return state.kind;
    case 'blocked':
      return 'needs you';
  }
}

export const stateGlyph: Record<ShownState, string> = {
  off: '○',
  connecting: '◌',
  ready: '●',
  waiting: '◔',
  'needs you': '■',
  paused: '‖',
};

import type { ErrorData } from './error-codes.ts';
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

/** Nothing more comes by itself soon: it is ready or off, needs its user, or points at what somebody has to make first. */
export function isSettled(state: TunnelState): boolean {
  switch (state.kind) {
    case 'off':
    case 'ready':
    case 'blocked':
      return true;
    case 'connecting':
      return false;
    case 'waiting':
      return isAbsent(state.reason);
  }
}

function isAbsent({ code, details }: ErrorData): boolean {
  return code === 'SP-TARGET-NOT-FOUND' || (code === 'SP-TARGET-NO-PODS' && details.scaledTo !== undefined);
}

export const stateGlyph: Record<ShownState, string> = {
  off: '○',
  connecting: '◌',
  ready: '●',
  waiting: '◔',
  'needs you': '■',
  paused: '‖',
};

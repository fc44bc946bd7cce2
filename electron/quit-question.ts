import type { ControlView } from '../src/client/control-view.ts';
import type { TunnelEntity } from '../src/contract/control-tunnel.ts';
import type { DaemonNow } from './page-feeds.ts';

export type QuitPlan = 'keep' | 'end' | 'stay';

export interface QuitQuestion {
  readonly message: string;
  readonly detail: string;
  readonly buttons: readonly { readonly label: string; readonly plan: QuitPlan }[];
}

const maxNamed = 5;

/** What to ask before the app ends; undefined where nothing is up, and nothing to decide. Pure. */
export function quitQuestion(view: ControlView | undefined): QuitQuestion | undefined {
  const wanted = [...(view?.tunnels.values() ?? [])].filter((tunnel) => tunnel.wanted === 'on');
  if (wanted.length === 0) return undefined;
  const names = wanted.slice(0, maxNamed).map(({ name }) => name);
  const more = wanted.length > maxNamed ? ` and ${wanted.length - maxNamed} more` : '';
  const open = openWords(wanted);
  const used = open ? ` ${open}.` : '';
  const one = wanted.length === 1;
  return {
    message: one ? '1 tunnel is up' : `${wanted.length} tunnels are up`,
    detail: `${names.join(', ')}${more}.${used} The daemon can keep ${one ? 'it' : 'them'} up without this app; \`sallyport status\` shows ${one ? 'it' : 'them'}.`,
    buttons: [
      { label: one ? 'Keep it up' : 'Keep them up', plan: 'keep' },
      { label: one ? 'End it' : 'End them', plan: 'end' },
      { label: 'Cancel', plan: 'stay' },
    ],
  };
}

/** What to say before the daemon is restarted; undefined where nobody loses anything by it. Pure. */
export function restartWarning(now: DaemonNow): string | undefined {
  const becomes = 'A restart ends open connections; tunnels come back on the same ports.';
  // Of a daemon that cannot be talked to nothing is known.
  if (now.kind !== 'here') return becomes;
  const open = openWords([...now.view.tunnels.values()]);
  return open && `${open}. ${becomes}`;
}

/** 3 connections are open */
function openWords(tunnels: readonly TunnelEntity[]): string | undefined {
  const connections = tunnels.reduce((sum, tunnel) => sum + tunnel.connections, 0);
  if (connections === 0) return undefined;
  return `${connections} ${connections === 1 ? 'connection is' : 'connections are'} open`;
}

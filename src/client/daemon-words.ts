/** What is said of the daemon's own audit log, by the command line and the window alike. */
import type { AuditStatus, ShipperStatus } from '../contract/audit-status.ts';
import { count } from './tunnel-words.ts';

/** Where it is written, or why it is not. */
export function auditWords({ folder, state, key }: Pick<AuditStatus, 'folder' | 'state' | 'key'>): string {
  switch (state.kind) {
    case 'starting':
      return 'is being opened';
    case 'writing':
      return `${folder}${key?.kept.in === 'memory' ? ' · its signing key lasts for this run alone' : ''}`;
    case 'unavailable':
      return `cannot be written (${state.code}): production tunnels stay shut · ${folder}`;
  }
}

/** How far a receiver of the log is. */
export function shipperWords(shipper: ShipperStatus): string {
  if (shipper.state === 'off') return `off: ${shipper.why}`;
  const behind = shipper.behind > 0 ? `${count(shipper.behind, 'line')} behind` : 'has all';
  return shipper.state === 'shipping' ? behind : `${shipper.state}, ${behind}: ${shipper.why}`;
}

import { formatDuration } from '../../../src/base/duration.ts';
import { bytesWords } from '../../../src/client/tunnel-words.ts';
import type { LiveConnection } from '../../../src/contract/control-tunnel.ts';

/** psql · 4711, or who it is as far as that is known. */
export function programWords({ connection, peer }: LiveConnection): string {
  if (peer?.process) return `${peer.process.command} · ${peer.process.pid}`;
  return peer ? `a program of user ${peer.uid}` : `connection ${connection}`;
}

/** app@orders · psql: as whom it is logged in, where, and what its program calls itself. Empty where the gateway does not see it. */
export function loginWords({ login }: LiveConnection): string {
  if (!login) return '';
  const { user, database, application } = login;
  return [`${user}@${database}`, application].filter(Boolean).join(' · ');
}

/** ↓ 3.4 MiB ↑ 12 KiB, for the eye. Empty where the daemon does not count them. */
export function trafficArrows({ receivedBytes, sentBytes }: LiveConnection): string {
  if (receivedBytes === undefined || sentBytes === undefined) return '';
  return `↓ ${bytesWords(receivedBytes)}  ↑ ${bytesWords(sentBytes)}`;
}

/** The same, for the ear. */
export function trafficWords({ receivedBytes, sentBytes }: LiveConnection): string {
  if (receivedBytes === undefined || sentBytes === undefined) return '';
  return `${bytesWords(receivedBytes)} received, ${bytesWords(sentBytes)} sent`;
}

/** for 2 min, held 3.1 s before */
export function durationWords({ sinceMs, heldMs }: LiveConnection, nowMs: number): string {
  const words = `for ${formatDuration(Math.max(0, nowMs - sinceMs))}`;
  return heldMs >= 100 ? `${words}, held ${formatDuration(heldMs)} before` : words;
}

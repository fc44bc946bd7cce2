import type { AuditEvent, AuditLogEvent } from '../../../src/contract/audit-event.ts';

export type EventKind = (AuditEvent | AuditLogEvent)['event'];

const groups = [
  'Tunnels',
  'Connections',
  'Sessions',
  'Postgres',
  'What is allowed',
  'The log itself',
] as const;
type Group = (typeof groups)[number];

/** Every kind, so that the compiler misses one that is new. */
const groupOf: Record<EventKind, Group> = {
  'tunnel-opened': 'Tunnels',
  'tunnel-closed': 'Tunnels',
  'tunnel-denied': 'Tunnels',
  'tunnel-state': 'Tunnels',
  'connection-opened': 'Connections',
  'connection-closed': 'Connections',
  'connection-denied': 'Connections',
  'session-denied': 'Connections',
  'statement-denied': 'Connections',
  'control-request': 'Tunnels',
  'session-opened': 'Sessions',
  'session-closed': 'Sessions',
  'postgres-login': 'Postgres',
  'postgres-statement': 'Postgres',
  'profile-changed': 'What is allowed',
  'policy-changed': 'What is allowed',
  'secret-read': 'What is allowed',
  identity: 'What is allowed',
  'writer-started': 'The log itself',
  'writer-ended': 'The log itself',
  'file-opened': 'The log itself',
  'file-dropped': 'The log itself',
  'file-changed': 'The log itself',
  'tail-cut': 'The log itself',
  'damage-found': 'The log itself',
  'events-lost': 'The log itself',
  'other-log': 'The log itself',
  'shipping-gap': 'The log itself',
  checkpoint: 'The log itself',
};

export const eventKinds = Object.keys(groupOf) as readonly EventKind[];

/** There is one a second while anything happens, and it tells only the verifier something. */
export const usualKinds: readonly EventKind[] = eventKinds.filter((kind) => kind !== 'checkpoint');

export const kindsByGroup = groups.map((group) => ({
  group,
  kinds: eventKinds.filter((kind) => groupOf[kind] === group),
}));

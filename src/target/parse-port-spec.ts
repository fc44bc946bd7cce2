import { AppError } from '../base/app-error.ts';
import type { RemotePort } from './target.ts';

export interface PortSpec {
  /** The port to bind. 0 takes a free one; as-remote is the pod's port, once its name is resolved. */
  readonly local: number | 'as-remote';
  readonly remote: RemotePort;
}

/**
 * Reads `LOCAL:REMOTE`, `REMOTE`, `:REMOTE` or `0:REMOTE` (a free local port). REMOTE is a number or a port's name. Throws SP-USAGE
 * that says what would be right.
 */
export function parsePortSpec(text: string): PortSpec {
  const [first = '', second, ...more] = text.split(':');
  if (more.length > 0) throw usage(text, 'it has more than one ":"; an address is named with --address');
  if (second === undefined) {
    const remote = parseRemote(text, first);
    return { local: typeof remote === 'number' ? remote : 'as-remote', remote };
  }
  return { local: first === '' ? 0 : parseLocal(text, first), remote: parseRemote(text, second) };
}

/** Reads those of one command. Throws SP-USAGE, also where two are to be bound to one local port. */
export function parsePortSpecs(texts: readonly string[]): PortSpec[] {
  const specs = texts.map(parsePortSpec);
  const seen = new Map<number, string>();
  for (const [index, { local }] of specs.entries()) {
    if (local === 'as-remote' || local === 0) continue;
    const text = texts[index] ?? '';
    const first = seen.get(local);
    if (first !== undefined) {
      throw new AppError('SP-USAGE', {
        message: `${first} and ${text} name one local port`,
        next: `give each a local port of its own; :REMOTE takes a free one`,
      });
    }
    seen.set(local, text);
  }
  return specs;
}

function parseLocal(text: string, local: string): number {
  const port = portNumber(local);
  if (port === undefined)
    throw usage(text, `the local port ${JSON.stringify(local)} is no number from 0 to 65535`);
  return port;
}

function parseRemote(text: string, remote: string): RemotePort {
  if (remote === '') throw usage(text, 'the remote port is missing');
  if (/^\d+$/.test(remote)) {
    const port = portNumber(remote);
    if (port === undefined || port === 0)
      throw usage(text, `the remote port ${remote} is not from 1 to 65535`);
    return port;
  }
  // Container ports have at most 15 characters, those of Services 63.
  if (remote.length > 63 || !/^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(remote)) {
    throw usage(text, `the remote port ${JSON.stringify(remote)} is neither a number nor a port's name`);
  }
  return remote;
}

function portNumber(text: string): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65_535 ? port : undefined;
}

function usage(text: string, why: string): AppError {
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
  return new AppError('SP-USAGE', {
    message: `${shown} is no port: ${why}`,
    next: 'LOCAL:REMOTE, REMOTE, or :REMOTE for a free local port, as 15432:5432, 5432, :postgres',
  });
}

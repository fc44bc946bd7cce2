import { AppError } from '../base/app-error.ts';
import type { KubeObject, KubeStatus } from './types.ts';

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

/**
 * One line of a watch. Throws SP-API-GONE for the ERROR that says the version is too old (code 410), SP-API-ERROR for any other
 * and for what is no watch event, as a line cut off in the middle.
 */
export function parseWatchEvent<T extends KubeObject>(line: string): WatchEvent<T> {
  let sent: { readonly type?: unknown; readonly object?: unknown };
  try {
    sent = JSON.parse(line) as typeof sent;
  } catch (cause) {
    throw new AppError('SP-API-ERROR', { message: 'a watch event cannot be read' }, cause);
  }
  switch (sent?.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      if (!isKubeObject(sent.object)) break;
      return { type: sent.type, object: sent.object as T };
    case 'ERROR': {
      const status = (sent.object ?? {}) as KubeStatus;
      if (status.code === 410) throw new AppError('SP-API-GONE', { message: status.message });
      throw new AppError('SP-API-ERROR', { status: status.code, message: status.message });
    }
  }
  throw new AppError('SP-API-ERROR', { message: 'a line of the watch is no watch event' });
}

function isKubeObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('metadata' in value)) return false;
  return typeof value.metadata === 'object' && value.metadata !== null;
}

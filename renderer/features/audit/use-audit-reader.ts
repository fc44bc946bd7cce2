import { useEffect, useMemo, useSyncExternalStore } from 'react';
import type { AuditFilter } from '../../../src/contract/audit-query.ts';
import { useAppState } from '../../state/app-state.ts';
import { AuditReader, type ReaderState } from './audit-reader.ts';

/** What matches a filter, from its first page on; another filter begins anew. */
export function useAuditReader(
  filter: AuditFilter,
  isFollowed: boolean,
): { readonly reader: AuditReader; readonly state: ReaderState } {
  const { api, clock } = useAppState();
  const asked = JSON.stringify(filter);
  const reader = useMemo(
    () => new AuditReader({ api, clock, filter: JSON.parse(asked) as AuditFilter }),
    [api, clock, asked],
  );
  useEffect(() => {
    void reader.loadMore();
    return () => reader[Symbol.dispose]();
  }, [reader]);
  const isSeen = useSyncExternalStore(subscribeToVisibility, () => document.visibilityState === 'visible');
  useEffect(() => reader.follow(isFollowed && isSeen), [reader, isFollowed, isSeen]);
  return { reader, state: useSyncExternalStore(reader.subscribe, reader.state) };
}

function subscribeToVisibility(listener: () => void): () => void {
  document.addEventListener('visibilitychange', listener);
  return () => document.removeEventListener('visibilitychange', listener);
}

import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { useAppState } from '../../state/app-state.ts';

/** Bytes of connections move on without any news of the tunnel. */
const pollMs = 2_000;

/** A tunnel's past and its connections: read anew with each change, and again and again only where somebody looks at what always changes. */
export function useTunnelDetail(tunnel: TunnelEntity, { polls = false } = {}) {
  const { api } = useAppState();
  const { id, wanted, state, connections, traffic } = tunnel;
  const query = useQuery({
    queryKey: ['tunnel', id],
    queryFn: ({ signal }) => api.call('tunnel', { name: id }, { signal }),
    refetchInterval: polls && connections > 0 && pollMs,
  });
  const { refetch, isFetching } = query;
  const news = JSON.stringify([wanted, state, polls && [connections, traffic.served]]);
  /** What was so when it was read last. */
  const read = useRef(news);
  useEffect(() => {
    // An answer that is on its way may be older than this.
    if (isFetching || read.current === news) return;
    read.current = news;
    void refetch();
  }, [news, isFetching, refetch]);
  return query;
}

import { QueryClient } from '@tanstack/react-query';

/** Of questions to the daemon. It is on this machine and answers without a network too; what failed is asked again by who wants to know. */
export function createQueryClient(): QueryClient {
  return new QueryClient({ defaultOptions: { queries: { networkMode: 'always', retry: false } } });
}

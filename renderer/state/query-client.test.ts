import { onlineManager } from '@tanstack/react-query';
import { expect, it, onTestFinished } from 'vitest';
import { createQueryClient } from './query-client.ts';

it('asks the daemon on a machine that has no network too', () => {
  onlineManager.setOnline(false);
  onTestFinished(() => onlineManager.setOnline(true));
  const client = createQueryClient();
  onTestFinished(() => client.clear());
  const queryKey = ['what the daemon knows'];
  void client.prefetchQuery({ queryKey, queryFn: async () => 'an answer' });
  expect(client.getQueryState(queryKey)?.fetchStatus).toBe('fetching');
});

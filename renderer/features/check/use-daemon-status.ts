import { useQuery } from '@tanstack/react-query';
import { AppError } from '../../../src/base/app-error.ts';
import type { ErrorData } from '../../../src/contract/error-codes.ts';
import { useAppState } from '../../state/app-state.ts';
import { type DaemonStatus, daemonHealth, type HealthNote } from './daemon-health.ts';

/** It moves slowly, and costs the daemon next to nothing. */
const everyMs = 5_000;

const none: readonly HealthNote[] = [];

/** The daemon's health, asked for while somebody looks at it. */
export function useDaemonStatus(): {
  readonly status: DaemonStatus | undefined;
  readonly notes: readonly HealthNote[];
  readonly error: ErrorData | undefined;
} {
  const { api } = useAppState();
  const { data, error } = useQuery({
    queryKey: ['daemon'],
    queryFn: ({ signal }) => api.call('daemon', {}, { signal }),
    refetchInterval: everyMs,
  });
  return {
    status: data,
    notes: data ? daemonHealth(data) : none,
    error: error ? AppError.from(error).toData() : undefined,
  };
}

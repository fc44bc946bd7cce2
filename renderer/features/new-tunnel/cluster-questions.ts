import { useQuery } from '@tanstack/react-query';
import { AppError } from '../../../src/base/app-error.ts';
import type { OperationInput } from '../../../src/contract/control.ts';
import { useAppState } from '../../state/app-state.ts';

/** A credential plugin may take a while, and a cluster too. */
const answerMs = 60_000;
/** What a cluster said is shown again without asking for so long. */
const freshMs = 30_000;

export function useNamespaces(context: string | undefined) {
  const { api } = useAppState();
  return useQuery({
    queryKey: ['namespaces', context],
    queryFn: ({ signal }) => api.call('namespaces', { context }, { signal, timeoutMs: answerMs }),
    enabled: context !== undefined,
    staleTime: freshMs,
    refetchOnWindowFocus: false,
  });
}

/** Of all namespaces where none is given. */
export function useObjects(context: string | undefined, namespace: string | undefined) {
  const { api } = useAppState();
  const where = namespace === undefined ? { allNamespaces: true } : { namespace };
  return useQuery({
    queryKey: ['objects', context, where],
    queryFn: ({ signal }) => api.call('objects', { context, ...where }, { signal, timeoutMs: answerMs }),
    enabled: context !== undefined,
    staleTime: freshMs,
    refetchOnWindowFocus: false,
  });
}

/** Never asked twice for one choice: its local port would be another, under the hands of who reads it. */
export function useProposal(asked: OperationInput<'proposeProfile'>) {
  const { api } = useAppState();
  return useQuery({
    queryKey: ['proposal', asked],
    queryFn: ({ signal }) => api.call('proposeProfile', asked, { signal, timeoutMs: answerMs }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
}

export function errorOf(thrown: Error | null) {
  return thrown ? AppError.from(thrown).toData() : undefined;
}

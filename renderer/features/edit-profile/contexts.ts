import { useQuery } from '@tanstack/react-query';
import { useAppState } from '../../state/app-state.ts';

/** Those of the kubeconfig, as the daemon reads it. */
export function useContexts() {
  const { api } = useAppState();
  return useQuery({
    queryKey: ['contexts'],
    queryFn: ({ signal }) => api.call('contexts', {}, { signal }),
  });
}

import { queryOptions, useQuery } from '@tanstack/react-query';
import type { ConnectionFormat } from '../../../src/contract/connection-format.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import type { Api } from '../../api.ts';
import { type AppState, useAppState } from '../../state/app-state.ts';
import { isSandboxTunnel } from '../sandbox/sandbox-words.ts';

/** They change with where it listens and what its profile says, both of which its entity tells. */
function stringsOf(api: Api, { id, addresses, localPort, connection, gateway }: TunnelEntity) {
  return queryOptions({
    queryKey: ['strings', id, { addresses, localPort, connection, gateway }],
    queryFn: async ({ signal }) =>
      (await api.call('strings', { name: id, shell: api.shell }, { signal })).strings,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useStrings(tunnel: TunnelEntity) {
  const { api } = useAppState();
  return useQuery(stringsOf(api, tunnel));
}

/** What a copy was of, so that its buttons can say so. */
export const clientCommand = 'client';

/** Copies of a tunnel, from wherever in the window: by row, panel, key and palette. Nothing rejects: what fails is kept with the tunnel. */
export class TunnelCopier {
  readonly #state: AppState;

  constructor(state: AppState) {
    this.#state = state;
  }

  /** Default: the favourite of its kind. One that is named becomes that. */
  copy(tunnel: TunnelEntity, format?: ConnectionFormat): Promise<void> {
    const { api, actions, copies } = this.#state;
    return this.#keepFailure(tunnel.id, async () => {
      const wanted = format ?? copies.favourite(tunnel.kind);
      const asked = { name: tunnel.id, format: wanted, shell: api.shell, ask: true };
      const answer = await api.call('connectionString', asked);
      // After its answer there is something to copy. One passphrase is asked for once, whichever tunnel was first.
      if (answer.kind === 'asked') return actions.ask(answer.question.tunnel);
      await copies.copy({ of: tunnel.id, what: wanted }, answer.string.text);
      if (format) copies.prefer(tunnel.kind, format);
    });
  }

  /** Opens the client of its kind; a browser opens no programs, so that it gets the command that does. */
  openClient(tunnel: TunnelEntity): Promise<void> {
    const { api, copies, view } = this.#state;
    const { id, name, kind } = tunnel;
    if (!api.openClient && view.view && isSandboxTunnel(view.view.sandbox, id))
      return this.copy(tunnel, 'psql');
    return this.#keepFailure(id, async () => {
      if (api.openClient) return api.openClient(id);
      const verb = kind === 'postgres' ? 'psql' : 'open';
      const command = `sallyport ${verb} ${id.startsWith('user/') ? name : id}`;
      await copies.copy({ of: id, what: clientCommand }, command);
    });
  }

  async #keepFailure(id: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (thrown) {
      this.#state.actions.failed(id, thrown);
    }
  }
}

export function useCopier(): TunnelCopier {
  return new TunnelCopier(useAppState());
}

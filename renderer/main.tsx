/** The one place where the window is put together. */
import './style.css';
import { CSPProvider } from '@base-ui/react/csp-provider';
import { Tooltip } from '@base-ui/react/tooltip';
import { QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { AppError } from '../src/base/app-error.ts';
import { createApi } from './api.ts';
import { browserClock as clock } from './browser-clock.ts';
import { OpenHint } from './components/hint.tsx';
import { CompactShell, isCompact } from './features/shell/compact-shell.tsx';
import { Shell } from './features/shell/shell.tsx';
import { TunnelCopier } from './features/tunnels/connection-strings.ts';
import { type AppState, AppStateContext } from './state/app-state.ts';
import { Checks } from './state/checks.ts';
import { Copies } from './state/copies.ts';
import { Drafts } from './state/drafts.ts';
import { createQueryClient } from './state/query-client.ts';
import { Samples } from './state/samples.ts';
import { SandboxActions } from './state/sandbox-actions.ts';
import { SettingsStore } from './state/settings-store.ts';
import { Throughput } from './state/throughput.ts';
import { Ticker } from './state/ticker.ts';
import { TunnelActions } from './state/tunnel-actions.ts';
import { ViewStore } from './state/view-store.ts';

const api = createApi();
const view = new ViewStore(api);
const throughput = new Throughput();
const ticker = new Ticker(clock);
const samples = new Samples();
ticker.subscribe(() => {
  const tunnels = [...(view.view?.tunnels.values() ?? [])];
  throughput.sample(tunnels);
  samples.sample(tunnels, ticker.now());
});
const settings = new SettingsStore({
  api,
  storage: localStorage,
  showTheme(theme) {
    const { dataset } = document.documentElement;
    if (theme === 'system') delete dataset.theme;
    else dataset.theme = theme;
  },
});
// Another window, or a person with an editor, may have changed them.
addEventListener('focus', () => void settings.load());
let wasLive = false;
view.subscribe(() => {
  const isLive = view.link.kind === 'live';
  if (isLive && !wasLive) void settings.load();
  wasLive = isLive;
});
const state: AppState = {
  api,
  clock,
  view,
  throughput,
  samples,
  ticker,
  actions: new TunnelActions(api, view, copyConnected),
  sandbox: new SandboxActions(api, view),
  settings,
  copies: new Copies({
    clock,
    write: writeClipboard,
    favourites: {
      format: (kind) => settings.format(kind),
      prefer: (kind, format) => void settings.prefer(kind, format),
    },
  }),
  checks: new Checks(api, clock),
  drafts: new Drafts(),
};

addEventListener('beforeunload', (event) => {
  if (state.drafts.hasWritten()) event.preventDefault();
});

function copyConnected(id: string): void {
  const tunnel = view.tunnel(id);
  if (settings.copiesOnConnect && tunnel) void new TunnelCopier(state).copy(tunnel);
}

async function writeClipboard(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch (thrown) {
    throw new AppError(
      'SP-USAGE',
      { message: 'the browser let nothing be copied', next: 'try again' },
      thrown,
    );
  }
}

createRoot(document.getElementById('root')!).render(
  <CSPProvider disableStyleElements>
    <QueryClientProvider client={createQueryClient()}>
      <AppStateContext value={state}>
        <Tooltip.Provider delay={400}>
          {isCompact() ? <CompactShell /> : <Shell />}
          <OpenHint />
        </Tooltip.Provider>
      </AppStateContext>
    </QueryClientProvider>
  </CSPProvider>,
);

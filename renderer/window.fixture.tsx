import { QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, render } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach } from 'vitest';
import { FakeClock } from '../test/support/fake-clock.ts';
import type { FakeControl } from '../test/support/fake-control.ts';
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

afterEach(cleanup);

/** A part of the window over a daemon in memory, with time that moves by hand and a clipboard that can be read. */
export async function renderInWindow(control: FakeControl, part: ReactNode) {
  const clock = new FakeClock();
  const clipboard: string[] = [];
  const view = new ViewStore(control, (flush) => flush());
  const settings = new SettingsStore({ api: control, storage: sessionStorage, showTheme() {} });
  const state: AppState = {
    api: control,
    clock,
    view,
    throughput: new Throughput(),
    samples: new Samples(),
    checks: new Checks(control, clock),
    drafts: new Drafts(),
    ticker: new Ticker(clock),
    actions: new TunnelActions(control, view),
    sandbox: new SandboxActions(control, view),
    copies: new Copies({
      clock,
      write: async (text) => void clipboard.push(text),
      favourites: {
        format: (kind) => settings.format(kind),
        prefer: (kind, format) => void settings.prefer(kind, format),
      },
    }),
    settings,
  };
  const rendered = render(
    <QueryClientProvider client={createQueryClient()}>
      <AppStateContext value={state}>{part}</AppStateContext>
    </QueryClientProvider>,
  );
  // The first view comes when whoever subscribed has returned.
  await act(async () => {});
  return { ...rendered, state, clock, clipboard };
}

import { createContext, use, useCallback, useRef, useSyncExternalStore } from 'react';
import type { Clock } from '../../src/base/clock.ts';
import type { ControlView } from '../../src/client/control-view.ts';
import type { ConnectionFormat, ConnectionKind } from '../../src/contract/connection-format.ts';
import type { TunnelEntity } from '../../src/contract/control-tunnel.ts';
import type { Api } from '../api.ts';
import type { CheckState, Checks } from './checks.ts';
import type { Copied, Copies } from './copies.ts';
import type { Draft, Drafts } from './drafts.ts';
import type { Sample, Samples } from './samples.ts';
import type { SandboxActions } from './sandbox-actions.ts';
import type { SettingsState, SettingsStore } from './settings-store.ts';
import type { Throughput } from './throughput.ts';
import type { Ticker } from './ticker.ts';
import type { ActionState, TunnelActions } from './tunnel-actions.ts';
import type { Link, ViewStore } from './view-store.ts';

/** What the parts of the window share. Made once, in main.tsx. */
export interface AppState {
  readonly api: Api;
  readonly clock: Clock;
  readonly view: ViewStore;
  readonly throughput: Throughput;
  readonly samples: Samples;
  readonly ticker: Ticker;
  readonly actions: TunnelActions;
  readonly sandbox: SandboxActions;
  readonly copies: Copies;
  readonly checks: Checks;
  readonly drafts: Drafts;
  readonly settings: SettingsStore;
}

export const AppStateContext = createContext<AppState | undefined>(undefined);

export function useAppState(): AppState {
  const state = use(AppStateContext);
  if (!state) throw new Error('there is no AppStateContext around this');
  return state;
}

interface Selected<T> {
  readonly view: ControlView;
  readonly select: (view: ControlView) => T;
  readonly value: T;
}

/** What `select` makes of the view, once for each view; whoever uses it is rendered again only where that differs. */
export function useView<T>(
  select: (view: ControlView) => T,
  isSame: (a: T, b: T) => boolean = Object.is,
): T | undefined {
  const { view: store } = useAppState();
  const last = useRef<Selected<T> | undefined>(undefined);
  return useSyncExternalStore(store.subscribe, () => {
    const { view } = store;
    if (!view) return undefined;
    // React asks several times for each change.
    if (last.current?.view === view && last.current.select === select) return last.current.value;
    const value = select(view);
    const isKept = last.current !== undefined && isSame(last.current.value, value);
    last.current = { view, select, value: isKept ? last.current!.value : value };
    return last.current.value;
  });
}

export function useLink(): Link {
  const { view } = useAppState();
  return useSyncExternalStore(view.subscribe, () => view.link);
}

/** One tunnel; rendered again when that one changes. */
export function useTunnel(id: string): TunnelEntity | undefined {
  const { view } = useAppState();
  const subscribe = useCallback((listener: () => void) => view.subscribeTunnel(id, listener), [view, id]);
  return useSyncExternalStore(subscribe, () => view.tunnel(id));
}

export function useThroughput(id: string): readonly number[] {
  const { throughput } = useAppState();
  return useSyncExternalStore(throughput.subscribe, () => throughput.rates(id));
}

export function useSamples(id: string): readonly Sample[] {
  const { samples } = useAppState();
  return useSyncExternalStore(samples.subscribe, () => samples.of(id));
}

export function useAction(id: string): ActionState {
  const { actions } = useAppState();
  return useSyncExternalStore(actions.subscribe, () => actions.of(id));
}

/** The preflight of one tunnel. */
export function useCheck(id: string): CheckState {
  const { checks } = useAppState();
  return useSyncExternalStore(checks.subscribe, () => checks.of(id));
}

/** Milliseconds since the epoch, a second at a time. It stands still while the daemon is away: nothing is known to go on being as it was. */
export function useNow(): number {
  const { ticker } = useAppState();
  const nowMs = useSyncExternalStore(ticker.subscribe, ticker.now);
  const isLost = useLink().kind === 'lost';
  const known = useRef(nowMs);
  if (!isLost) known.current = nowMs;
  return known.current;
}

export function useSettings(): SettingsState {
  const { settings } = useAppState();
  return useSyncExternalStore(settings.subscribe, settings.state);
}

/** The format that is copied for this kind where none is named: among the settings, which may come or change at any time. */
export function useFavourite(kind: ConnectionKind): ConnectionFormat {
  const { copies } = useAppState();
  useSettings();
  return copies.favourite(kind);
}

/** What was copied in the last two seconds. */
export function useCopied(): Copied | undefined {
  const { copies } = useAppState();
  return useSyncExternalStore(copies.subscribe, copies.last);
}

/** A profile that is being written, under the key of who writes it. */
export function useDraft(key: string): Draft | undefined {
  const { drafts } = useAppState();
  return useSyncExternalStore(drafts.subscribe, () => drafts.get(key));
}

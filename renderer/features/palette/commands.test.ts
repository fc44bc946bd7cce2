// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from 'vitest';
import type { SandboxStatus } from '../../../src/contract/control-sandbox.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { fakeTunnel } from '../../../test/support/fake-control.ts';
import type { AppState } from '../../state/app-state.ts';
import { parseRoute } from '../../state/route.ts';
import type { TunnelCopier } from '../tunnels/connection-strings.ts';
import { type PaletteCommand, paletteCommands } from './commands.ts';

const sandboxTunnel = fakeTunnel({
  id: 'ad-hoc/sandbox',
  name: 'sandbox',
  origin: { kind: 'ad-hoc' },
  wanted: 'on',
});
const running: SandboxStatus = {
  kind: 'running',
  tunnel: sandboxTunnel.id,
  pod: 'postgres-0',
  namespace: 'default',
  kubeconfig: '/tmp/kubeconfig',
  sinceMs: 1,
};

/** What was asked for, in order. */
let asked: string[];

beforeEach(() => {
  location.hash = '#/audit';
  asked = [];
});

function commandsOf(sandbox: SandboxStatus, tunnels: readonly TunnelEntity[] = []) {
  const note = (what: string) => async () => void asked.push(what);
  const state = {
    actions: { run: async (action: string, id: string) => void asked.push(`${action} ${id}`) },
    sandbox: { start: note('start'), stop: note('stop'), restartPod: note('restart') },
  } as unknown as AppState;
  const copier = { copy: async ({ id }: TunnelEntity) => void asked.push(`copy ${id}`) } as TunnelCopier;
  const byId = new Map(tunnels.map((tunnel) => [tunnel.id, tunnel]));
  return paletteCommands({ tunnels: byId, sandbox }, { state, copier });
}

function sandboxItems(sandbox: SandboxStatus, tunnels?: readonly TunnelEntity[]): readonly PaletteCommand[] {
  return commandsOf(sandbox, tunnels).find(({ value }) => value === 'Sandbox')?.items ?? [];
}

const labels = (items: readonly PaletteCommand[]) => items.map(({ label }) => label);
const named = (items: readonly PaletteCommand[], label: string) =>
  items.find((item) => item.label === label)!;

describe('the sandbox', () => {
  it.each([
    [{ kind: 'unavailable' }, []],
    [{ kind: 'off' }, ['Start the sandbox']],
    [{ kind: 'starting', step: 'cluster', sinceMs: 1 }, []],
    [running, ['Connect to the sandbox', 'Stop the sandbox']],
    [{ kind: 'stopping' }, []],
  ] as const)('%o offers what its state allows', (sandbox, offered) => {
    expect(labels(sandboxItems(sandbox))).toEqual(offered);
  });

  it('restarts its pod where its tunnel is there to see it', () => {
    const items = sandboxItems(running, [sandboxTunnel]);
    expect(labels(items)).toEqual(["Restart the sandbox's pod", 'Stop the sandbox']);
    named(items, "Restart the sandbox's pod").run();
    expect(asked).toEqual(['restart']);
    expect(parseRoute(location.hash)).toEqual({ view: 'tunnels', chosen: sandboxTunnel.id });
  });

  it.each([
    ['Start the sandbox', { kind: 'off' }, 'start'],
    ['Connect to the sandbox', running, 'start'],
    ['Stop the sandbox', running, 'stop'],
  ] as const)('%s shows where it is said how it goes', (label, sandbox, what) => {
    named(sandboxItems(sandbox), label).run();
    expect(asked).toEqual([what]);
    expect(parseRoute(location.hash)).toEqual({ view: 'settings' });
  });
});

it('offers no group without a command', () => {
  expect(commandsOf({ kind: 'unavailable' }).map(({ value }) => value)).toEqual(['New', 'Window']);
});

it('offers of each tunnel what its state allows', () => {
  const tunnels = [
    fakeTunnel(),
    fakeTunnel({ id: 'user/cold', name: 'cold', wanted: 'paused', shown: 'paused' }),
    sandboxTunnel,
  ];
  const [ofTunnels] = commandsOf({ kind: 'off' }, tunnels);
  expect(labels(ofTunnels?.items ?? [])).toEqual([
    'Connect orders-db',
    'Show orders-db',
    'Edit orders-db',
    'Resume cold',
    'Show cold',
    'Edit cold',
    'Show sandbox',
    'Copy sandbox',
    'Restart sandbox',
    'Disconnect sandbox',
    'Pause sandbox',
  ]);
  for (const label of ['Connect orders-db', 'Resume cold', 'Copy sandbox', 'Disconnect sandbox'])
    named(ofTunnels?.items ?? [], label).run();
  expect(asked).toEqual([
    'up user/orders-db',
    'resume user/cold',
    `copy ${sandboxTunnel.id}`,
    `down ${sandboxTunnel.id}`,
  ]);
});

it.each(['Copy', 'Restart', 'Disconnect', 'Pause'])(
  '%s leads to the panel of its tunnel, which says how it goes',
  (verb) => {
    const [ofTunnels] = commandsOf({ kind: 'off' }, [sandboxTunnel]);
    named(ofTunnels?.items ?? [], `${verb} sandbox`).run();
    expect(asked).toHaveLength(1);
    expect(parseRoute(location.hash)).toEqual({ view: 'tunnels', chosen: sandboxTunnel.id });
  },
);

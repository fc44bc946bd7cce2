import { expect, it } from 'vitest';
import { FakeCli } from '../../test/support/fake-cli.ts';
import { FakeControl, fakePod, fakeTunnel } from '../../test/support/fake-control.ts';
import type { HistoryEntry } from '../contract/control-tunnel.ts';

it('shows what has happened line by line, and no line twice in a row', async () => {
  const resolving = {
    shown: 'connecting',
    state: { kind: 'connecting', step: 'resolving', sinceMs: 1 },
  } as const;
  const dialling = {
    shown: 'connecting',
    state: { kind: 'connecting', step: 'dialling', sinceMs: 1 },
  } as const;
  const ready = { shown: 'ready', state: { kind: 'ready', pod: fakePod, port: 5432, sinceMs: 2 } } as const;
  const entries = [resolving, resolving, dialling, ready, ready, resolving];
  const history = entries.map(
    (entry, index): HistoryEntry => ({ atMs: index * 1_000, wanted: 'on', held: 0, ...entry }),
  );
  await using control = new FakeControl({
    tunnels: [fakeTunnel()],
    profiles: { sequence: 1, sources: [], profiles: [], refused: [], groups: [], problems: [] },
  });
  control.on('tunnel', async () => ({ tunnel: fakeTunnel(), history, connections: [] }));
  using cli = new FakeCli({ control });
  expect(await cli.run('show', 'orders-db')).toBe(0);
  const shown = [...cli.stdout.text.matchAll(/^\d{4}-.* (connecting|ready) +(\S+)/gm)].map(
    ([, ...words]) => words,
  );
  expect(shown).toEqual([
    ['connecting', 'resolving'],
    ['connecting', 'dialling'],
    ['ready', fakePod.name],
    ['connecting', 'resolving'],
  ]);
});

import { describe, expect, it } from 'vitest';
import type { ControlView } from '../../../src/client/control-view.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { fakePod, fakeTunnel } from '../../../test/support/fake-control.ts';
import { countByFilter, isSameList, type ListItem, listItems } from './list-items.ts';

type Group = ControlView['profiles']['groups'][number];

function view(tunnels: readonly Partial<TunnelEntity>[], groups: readonly Group[] = []) {
  return {
    tunnels: new Map(tunnels.map(fakeTunnel).map((tunnel) => [tunnel.id, tunnel])),
    profiles: { sequence: 0, sources: [], profiles: [], refused: [], groups: [...groups], problems: [] },
  };
}

const all = { search: '', filter: 'all' } as const;
const words = (items: readonly ListItem[]) =>
  items.map((item) =>
    item.kind === 'group' ? `# ${[item.title, item.environment].filter(Boolean).join(' · ')}` : item.id,
  );
const blocked: Partial<TunnelEntity> = {
  wanted: 'on',
  shown: 'needs you',
  state: { kind: 'blocked', error: { code: 'SP-LOCAL-PORT-IN-USE', details: {} }, sinceMs: 0 },
};

describe('the list', () => {
  it('has what needs the user first and nowhere else, then groups by environment, then the rest by where it is from', () => {
    const shop = { name: 'shop', source: 'user', members: ['user/b', 'user/a10', 'user/a9', 'user/stuck'] };
    const found = listItems(
      view(
        [
          { name: 'own' },
          { name: 'b', environment: 'staging' },
          { name: 'a10', environment: 'production' },
          { name: 'a9', environment: 'production' },
          { name: 'stuck', ...blocked },
          { name: 'spare', id: 'ad-hoc/spare', origin: { kind: 'ad-hoc' } },
        ],
        [shop],
      ),
      all,
    );
    expect(words(found)).toEqual([
      '# Needs you',
      'user/stuck',
      '# shop · production',
      'user/a9',
      'user/a10',
      '# shop · staging',
      'user/b',
      '# Your profiles',
      'user/own',
      '# Ad hoc',
      'ad-hoc/spare',
    ]);
  });

  it('names a project by the folder that its file is in', () => {
    const origin = {
      kind: 'profile',
      source: '/home/dev/shop/.sallyport.yaml',
      sourceKind: 'project',
    } as const;
    expect(words(listItems(view([{ origin }]), all))[0]).toBe('# shop');
  });

  it.each([
    ['ORDERS', ['user/orders-db']],
    ['postgres-0', ['user/reports']],
    ['15499', ['user/cache']],
    ['redis data', ['user/cache']],
    ['redis nowhere', []],
  ])('finds %s', (search, ids) => {
    const ready = { kind: 'ready', pod: fakePod, port: 5432, sinceMs: 0 } as const;
    const tunnels = [
      { name: 'orders-db', target: 'service/db' },
      { name: 'reports', target: 'service/db', state: ready },
      { name: 'cache', kind: 'redis', localPort: 15499, target: 'service/db' } as const,
    ];
    const found = listItems(view(tunnels), { ...all, search });
    expect(found.flatMap((item) => (item.kind === 'tunnel' ? [item.id] : []))).toEqual(ids);
  });

  it('counts for each filter what it would show', () => {
    const tunnels = view([
      { name: 'a' },
      { name: 'b', shown: 'connecting' },
      { name: 'c', shown: 'waiting' },
      { name: 'd', ...blocked },
    ]);
    const counts = countByFilter(tunnels.tunnels);
    expect(counts).toEqual({ all: 4, ready: 0, waiting: 2, 'needs you': 1 });
    for (const [filter, count] of Object.entries(counts)) {
      const items = listItems(tunnels, { search: '', filter: filter as keyof typeof counts });
      expect(items.filter(({ kind }) => kind === 'tunnel')).toHaveLength(count);
    }
  });

  it('is the same list while only what its rows say has changed', () => {
    const before = listItems(view([{ name: 'a', connections: 0 }]), all);
    expect(isSameList(before, listItems(view([{ name: 'a', connections: 9 }]), all))).toBe(true);
    expect(isSameList(before, listItems(view([{ name: 'a', environment: 'production' }]), all))).toBe(false);
  });
});

import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeClock } from '../test/support/fake-clock.ts';
import { here, inState } from './desktop.fixture.ts';
import type { DaemonNow } from './page-feeds.ts';

const desktop = vi.hoisted(() => ({
  trays: [] as (NodeJS.EventEmitter & { readonly done: unknown[] })[],
}));
vi.mock('electron', () => ({
  Menu: { buildFromTemplate: (items: { label?: string }[]) => items.map(({ label }) => label) },
  nativeImage: { createFromPath: (path: string) => path },
  Tray: class extends EventEmitter {
    readonly done: unknown[] = [];
    constructor(image: string) {
      super();
      this.done.push(['made', image]);
      desktop.trays.push(this);
    }
    setImage = (image: string) => void this.done.push(['image', image]);
    setToolTip = (words: string) => void this.done.push(['words', words]);
    setContextMenu = (menu: string[]) => void this.done.push(['menu', menu[2]]);
    popUpContextMenu = (menu: string[]) => void this.done.push(['popped up', menu[2]]);
    getBounds = () => ({ x: 1, y: 2, width: 3, height: 4 });
    destroy = () => void this.done.push('destroyed');
  },
}));
const { AppTray, iconName } = await import('./tray.ts');

let clock: FakeClock;
let now: DaemonNow;
let clicks: unknown[];

beforeEach(() => {
  clock = new FakeClock();
  now = here({ tunnels: [inState.off()] });
  clicks = [];
});

function trayOn(platform: NodeJS.Platform) {
  const tray = new AppTray({
    clock,
    platform,
    folder: '/icons',
    snapshot: () => ({ now, settings: {}, version: '1.0.0' }),
    perform: () => {},
    onClick: (icon) => clicks.push(icon),
  });
  return { tray, icon: desktop.trays.at(-1)! };
}

it.each([
  ['idle', 'linux', 'tray-idle.png'],
  ['needs you', 'win32', 'tray-needs-you.png'],
  ['recovering', 'darwin', 'tray-recoveringTemplate.png'],
] as const)('%s on %s is %s', (state, platform, name) => expect(iconName(state, platform)).toBe(name));

describe.each(['darwin', 'win32'] as const)('on %s', (platform) => {
  it('a left click opens the compact window, a right one the menu as it is then', () => {
    const { icon } = trayOn(platform);
    now = here({ tunnels: [inState.ready()] });
    icon.emit('click');
    expect(clicks).toEqual([{ x: 1, y: 2, width: 3, height: 4 }]);
    icon.emit('right-click');
    expect(icon.done.at(-1)).toEqual(['popped up', '● orders-db — postgres-0 · primary']);
    expect(JSON.stringify(icon.done)).not.toContain('"menu"');
  });
});

describe('on linux', () => {
  it('has the menu alone', () => {
    const { icon } = trayOn('linux');
    icon.emit('click');
    expect(clicks).toEqual([]);
    expect(icon.done.at(-1)).toEqual(['menu', '○ orders-db']);
  });

  it('draws what changed, once for all of a quarter of a second, and nothing where nothing did', () => {
    const { tray, icon } = trayOn('linux');
    icon.done.length = 0;
    for (const connections of [1, 2, 3]) {
      now = here({ tunnels: [inState.ready({ connections })] });
      tray.changed();
    }
    expect(icon.done).toEqual([]);
    clock.advance(250);
    expect(icon.done).toEqual([
      ['image', '/icons/tray-up.png'],
      ['words', 'Sallyport · 1 up'],
      ['menu', '● orders-db — postgres-0 · primary'],
    ]);
    // Counters are not in the menu: setting it would close one that is open.
    now = here({ tunnels: [inState.ready({ connections: 4 })] });
    tray.changed();
    clock.advance(250);
    expect(icon.done).toHaveLength(3);
  });

  it('is gone with the app', () => {
    const { tray, icon } = trayOn('linux');
    tray.changed();
    tray[Symbol.dispose]();
    clock.advance(1_000);
    expect(icon.done.at(-1)).toBe('destroyed');
  });
});

import { EventEmitter } from 'node:events';
import { setImmediate as settle } from 'node:timers/promises';
import type { IpcMainInvokeEvent, WebContents } from 'electron';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../src/base/app-error.ts';
import { BridgeControl } from '../src/client/bridge-control.ts';
import type { ControlView } from '../src/client/control-view.ts';
import { bridgeChannel, type DesktopBridge } from '../src/contract/desktop-bridge.ts';
import { FakeControl } from '../test/support/fake-control.ts';
import { Bridge } from './bridge.ts';
import { inState, shownSettings } from './desktop.fixture.ts';
import type { DaemonNow } from './page-feeds.ts';

const exposed = vi.hoisted(() => ({
  invoke: (_channel: string, _request: unknown): Promise<unknown> => Promise.reject(new Error('no app')),
  world: new Map<string, unknown>(),
}));
vi.mock('electron', () => ({
  contextBridge: { exposeInMainWorld: (name: string, value: unknown) => exposed.world.set(name, value) },
  ipcRenderer: { invoke: (channel: string, request: unknown) => exposed.invoke(channel, request) },
}));
await import('./preload.ts');

type Handler = (event: IpcMainInvokeEvent, request: unknown) => unknown;

let control: FakeControl;
let bridge: Bridge;
let now: DaemonNow;
let handle: Handler;
let asked: unknown[];
/** What the user is asked by the app, and says to it. */
let limits: unknown[];
let saysYes: boolean;
let sender: WebContents;
/** As the page has it. */
let page: BridgeControl;

const url = 'app://sallyport/index.html#/tunnels';

function senderOf(address: string): WebContents {
  return Object.assign(new EventEmitter(), { mainFrame: { url: address } }) as unknown as WebContents;
}

function ask(
  request: unknown,
  { from = sender, frame }: { readonly from?: WebContents; readonly frame?: WebContents['mainFrame'] } = {},
): unknown {
  return handle({ sender: from, senderFrame: frame ?? from.mainFrame } as IpcMainInvokeEvent, request);
}

beforeEach(() => {
  control = new FakeControl({ tunnels: [inState.off(), inState.off({ id: 'user/other', name: 'other' })] });
  now = { kind: 'here', view: control.view };
  asked = [];
  limits = [];
  saysYes = false;
  sender = senderOf(url);
  bridge = new Bridge({
    ipc: {
      handle(channel, handler) {
        expect(channel).toBe(bridgeChannel);
        handle = handler;
      },
    },
    control,
    now: () => now,
    openClient: async (tunnel) => void asked.push(tunnel),
    showWindow: (tunnel) => void asked.push(['window', tunnel]),
    startDaemon: async () => void asked.push('start'),
    mayPass: async (limit) => {
      limits.push(limit.toData());
      return saysYes;
    },
    settings: {
      read: async () => shownSettings({ copyOnConnect: true }),
      change: async (change) => {
        asked.push(change);
        return shownSettings({ openAtLogin: true });
      },
    },
  });
  control.subscribe({ onView: (view) => tell({ kind: 'here', view }) });
  // What crosses is cloned, as between processes.
  exposed.invoke = async (_channel, request) => structuredClone(await ask(structuredClone(request)));
  page = new BridgeControl(exposed.world.get('sallyport') as DesktopBridge);
});

function tell(next: DaemonNow): void {
  now = next;
  bridge.tell(next);
}

describe('calls', () => {
  it('about settings pass the app, which follows them', async () => {
    expect(await page.call('settings', {})).toEqual(shownSettings({ copyOnConnect: true }));
    const change = { openAtLogin: true };
    expect(await page.call('changeSettings', { change })).toEqual(shownSettings(change));
    expect(asked).toEqual([change]);
    expect(control.calls).toEqual([]);
    const spoilt = { change: { openAtLogin: 'yes' } };
    expect(await ask({ request: 'call', operation: 'changeSettings', input: spoilt })).toMatchObject({
      error: { code: 'SP-USAGE' },
    });
    expect(asked).toHaveLength(1);
  });

  it('reach the daemon, and their answers the page', async () => {
    const { tunnels } = await page.call('tunnels', {});
    expect(tunnels.map(({ id }) => id)).toEqual(['user/orders-db', 'user/other']);
  });

  it('are asked for a page, and have the time that it gives them, as a login that waits for a person', async () => {
    control.on('version', async () => control.hello);
    const call = vi.spyOn(control, 'call');
    await page.call('version', {}, { timeoutMs: 600_000 });
    await page.call('version', {});
    expect(call.mock.calls).toEqual([
      ['version', {}, { forPage: true, timeoutMs: 600_000 }],
      ['version', {}, { forPage: true }],
    ]);
    const request = { request: 'call', operation: 'version', input: {}, timeoutMs: 600_001 };
    expect(await ask(request)).toMatchObject({ error: { code: 'SP-USAGE' } });
  });

  it('that fail give the page the error, with its code', async () => {
    await expect(page.call('tunnel', { name: 'user/none' })).rejects.toMatchObject({
      code: 'SP-TUNNEL-UNKNOWN',
    });
  });

  it('of the desktop do what they say', async () => {
    await page.openClient('user/orders-db');
    await page.showWindow('user/orders-db');
    await page.showWindow();
    await page.startDaemon();
    expect(asked).toEqual(['user/orders-db', ['window', 'user/orders-db'], ['window', undefined], 'start']);
  });

  it.each(['password', 'shutdown', 'ui'])('of %s are not for pages', async (operation) => {
    const answer = await ask({ request: 'call', operation, input: { name: 'user/orders-db' } });
    expect(answer).toMatchObject({ error: { code: 'SP-USAGE' } });
    expect(control.calls).toEqual([]);
  });

  describe('that are beyond a page', () => {
    const limit = { code: 'SP-PAGE-LIMIT', details: { what: 'local.address', value: '…' } } as const;
    const adHoc = { name: 'x', target: 'pod/x', port: 1, local: { address: '0.0.0.0', port: 1 } };

    function limited() {
      const call = control.call.bind(control);
      return vi
        .spyOn(control, 'call')
        .mockImplementation((operation, input, options = {}) =>
          options.forPage
            ? Promise.reject(new AppError(limit.code, limit.details))
            : call(operation, input, options),
        );
    }

    it('are refused where the user, asked by the app, says no', async () => {
      limited();
      await expect(page.call('up', { adHoc: [adHoc] })).rejects.toMatchObject(limit);
      expect(limits).toEqual([limit]);
      expect(control.calls).toEqual([]);
    });

    it("are asked again in the user's own name where the user says yes", async () => {
      const calls = limited().mock.calls;
      saysYes = true;
      await page.call('up', { adHoc: [adHoc] });
      expect(limits).toEqual([limit]);
      expect(calls.map(([, , options]) => options)).toEqual([{ forPage: true }, {}]);
      expect(control.calls).toMatchObject([{ operation: 'up', input: { adHoc: [adHoc] } }]);
    });
  });

  it('that the daemon refuses otherwise put no question to the user', async () => {
    control.on('up', () => Promise.reject(new AppError('SP-USAGE', { message: 'no' })));
    await expect(page.call('up', { names: ['orders-db'] })).rejects.toMatchObject({ code: 'SP-USAGE' });
    expect(limits).toEqual([]);
  });

  it.each([
    { request: 'call', operation: 'tunnel', input: {} },
    { request: 'call', operation: 'tunnel', input: { name: 'x', more: 1 } },
    { request: 'call', operation: 'constructor', input: {} },
    { request: 'open-client', tunnel: 7 },
    { request: 'nonsense' },
    { request: 'news', feed: 0 },
    'text',
    undefined,
  ])('that no contract has are refused: %o', async (request) => {
    expect(await ask(request)).toMatchObject({ error: { code: 'SP-USAGE' } });
    expect(control.calls).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('of another page, or of a frame in the page, are refused', async () => {
    const request = { request: 'start-daemon' };
    for (const address of [
      'https://example.com/index.html',
      'app://sallyport/other.html',
      'file:///index.html',
      '',
    ])
      expect(await ask(request, { from: senderOf(address) })).toMatchObject({ error: { code: 'SP-USAGE' } });
    const frame = { url } as WebContents['mainFrame'];
    expect(await ask(request, { frame })).toMatchObject({ error: { code: 'SP-USAGE' } });
    expect(asked).toEqual([]);
  });
});

describe('news', () => {
  let views: ControlView[];
  let lost: [string, boolean][];
  let subscription: Disposable;

  beforeEach(async () => {
    views = [];
    lost = [];
    subscription = page.subscribe({
      onView: (view) => views.push(view),
      onLost: (error, final) => lost.push([error.message, final]),
    });
    await settle();
  });

  it('begins with the whole, and goes on with what changes', async () => {
    expect(views).toHaveLength(1);
    expect(views[0]?.daemon).toEqual(control.hello);
    control.tell(inState.ready());
    await settle();
    expect(views).toHaveLength(2);
    expect(views[1]?.tunnels.get('user/orders-db')?.shown).toBe('ready');
    expect(views[1]?.tunnels.get('user/other')).toBe(views[0]?.tunnels.get('user/other'));
  });

  it('tells a page that was busy only how things are in the end', async () => {
    for (const connections of [1, 2, 3, 4]) control.tell(inState.ready({ connections }));
    await settle();
    // The first was on its way when the others came.
    expect(views.map((view) => view.tunnels.get('user/orders-db')?.connections)).toEqual([0, 1, 4]);
  });

  it('says once that the daemon is lost, and shows the whole when it is back', async () => {
    const error = { code: 'SP-DAEMON-LOST', details: {} } as const;
    const lostNow = { kind: 'lost', view: control.view, error, final: false } as const;
    tell(lostNow);
    await settle();
    tell({ ...lostNow });
    await settle();
    expect(lost).toEqual([[expect.stringContaining('did not answer'), false]]);
    const before = views.length;
    tell({ kind: 'here', view: control.view });
    await settle();
    expect(views).toHaveLength(before + 1);
    tell({ ...lostNow, final: true, error: { ...error } });
    await settle();
    expect(lost).toHaveLength(2);
    expect(lost[1]?.[1]).toBe(true);
  });

  it('shows the last that was known to a page that is opened after the daemon went', async () => {
    tell({ kind: 'lost', view: control.view, error: { code: 'SP-DAEMON-LOST', details: {} }, final: true });
    const late: string[] = [];
    page.subscribe({ onView: () => late.push('view'), onLost: () => late.push('lost') });
    await settle();
    expect(late).toEqual(['view', 'lost']);
  });

  it('begins with the whole in a page that was loaded again and ended nothing before', async () => {
    const seen: number[] = [];
    for (const time of [1, 2]) {
      vi.resetModules();
      await import('./preload.ts');
      const loaded = new BridgeControl(exposed.world.get('sallyport') as DesktopBridge);
      loaded.subscribe({ onView: () => seen.push(time) });
      await settle();
    }
    expect(seen).toEqual([1, 2]);
  });

  it('ends with the subscription', async () => {
    subscription[Symbol.dispose]();
    control.tell(inState.ready());
    await settle();
    expect(views).toHaveLength(1);
  });

  it('keeps eight feeds of a page at most, and none of one that is gone', async () => {
    subscription[Symbol.dispose]();
    const pending = new Map<number, Promise<unknown>>();
    for (let feed = 101; feed <= 109; feed++) {
      await ask({ request: 'news', feed });
      pending.set(feed, ask({ request: 'news', feed }) as Promise<unknown>);
    }
    // The oldest had to go for the ninth.
    expect(await pending.get(101)).toBeUndefined();
    control.tell(inState.ready());
    expect(await pending.get(102)).toMatchObject({ kind: 'events' });
    const last = ask({ request: 'news', feed: 102 }) as Promise<unknown>;
    (sender as unknown as EventEmitter).emit('destroyed');
    expect(await last).toBeUndefined();
  });
});

import { EventEmitter } from 'node:events';
import type { WebContents } from 'electron';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeClock } from '../test/support/fake-clock.ts';

interface FakeWindow extends NodeJS.EventEmitter {
  readonly options: Record<string, unknown>;
  readonly done: unknown[];
  readonly webContents: NodeJS.EventEmitter;
  isShown: boolean;
}

const desktop = vi.hoisted(() => ({
  windows: [] as FakeWindow[],
  session: {} as Record<string, (...given: unknown[]) => unknown>,
  /** What the user chooses, where a question is asked. */
  choice: 0,
  asked: [] as unknown[],
}));
vi.mock('electron', async () => {
  const { EventEmitter } = await import('node:events');
  const keep = (name: string) => (handler: (...given: unknown[]) => unknown) => {
    desktop.session[name] = handler;
  };
  class BrowserWindow extends EventEmitter implements FakeWindow {
    readonly done: unknown[] = [];
    readonly webContents = new EventEmitter();
    readonly options: Record<string, unknown>;
    isShown = false;
    constructor(options: Record<string, unknown>) {
      super();
      this.options = options;
      desktop.windows.push(this);
    }
    removeMenu = () => {};
    isFocused = () => this.isShown;
    isVisible = () => this.isShown;
    isMinimized = () => false;
    focus = () => void this.done.push('focus');
    reload = () => void this.done.push('reload');
    destroy = () => {
      this.done.push('destroy');
      this.emit('closed');
    };
    setBounds = (bounds: unknown) => void this.done.push(bounds);
    loadURL = async (address: string) => void this.done.push(address);
    show = () => {
      this.isShown = true;
    };
    hide = () => {
      this.isShown = false;
    };
  }
  return {
    BrowserWindow,
    dialog: {
      showMessageBoxSync: (_window: unknown, question: { message: string }) => {
        desktop.asked.push(question.message);
        return desktop.choice;
      },
    },
    screen: { getDisplayMatching: () => ({ workArea: { x: 0, y: 25, width: 1440, height: 875 } }) },
    session: {
      defaultSession: {
        protocol: { handle: () => {} },
        setPermissionRequestHandler: keep('request'),
        setPermissionCheckHandler: keep('check'),
        setDevicePermissionHandler: keep('device'),
      },
    },
  };
});
const { guardContents, Windows } = await import('./windows.ts');
const { pagePreferences } = await import('./window-policy.ts');

const icon = { x: 900, y: 0, width: 24, height: 24 };
let clock: FakeClock;
let windows: InstanceType<typeof Windows>;

beforeEach(() => {
  desktop.windows.length = 0;
  clock = new FakeClock();
  windows = new Windows({ clock, preload: '/app/preload.cjs', handler: async () => new Response() });
});

it('opens one window, on the tunnel that is asked for, and shows that again', () => {
  windows.showMain('team/orders db');
  windows.showMain();
  windows.showMain('user/redis');
  expect(desktop.windows).toHaveLength(1);
  expect(desktop.windows[0]?.done).toEqual([
    'app://sallyport/index.html#/tunnels/team%2Forders%20db',
    'focus',
    'app://sallyport/index.html#/tunnels/user%2Fredis',
    'focus',
  ]);
  expect(desktop.windows[0]?.options.webPreferences).toEqual({
    ...pagePreferences,
    preload: '/app/preload.cjs',
  });
});

it('shows it when there is something to see, and makes another after it was closed', () => {
  windows.showMain();
  expect(windows.isWatched).toBe(false);
  desktop.windows[0]?.emit('ready-to-show');
  expect(windows.isWatched).toBe(true);
  desktop.windows[0]?.emit('closed');
  windows.showMain();
  expect(desktop.windows).toHaveLength(2);
});

it('hangs the compact one under the icon, and hides it by a second click, or when its user looks elsewhere', () => {
  windows.toggleCompact(icon);
  const [compact] = desktop.windows;
  expect(compact?.done).toContainEqual({ x: 732, y: 28, width: 360, height: 560 });
  expect(compact?.done).toContain('app://sallyport/index.html?compact');
  expect(compact?.options).toMatchObject({ frame: false, skipTaskbar: true });
  expect(compact?.isShown).toBe(true);
  windows.toggleCompact(icon);
  expect(compact?.isShown).toBe(false);
  windows.toggleCompact(icon);
  compact?.emit('blur');
  expect(compact?.isShown).toBe(false);
  expect(desktop.windows).toHaveLength(1);
});

it('stays hidden by the click on the icon that took its focus', () => {
  windows.toggleCompact(icon);
  const [compact] = desktop.windows;
  compact?.emit('blur');
  clock.advance(150);
  windows.toggleCompact(icon);
  expect(compact?.isShown).toBe(false);
  clock.advance(1_000);
  windows.toggleCompact(icon);
  expect(compact?.isShown).toBe(true);
});

it('gives pages no permission but that to copy', () => {
  const answers: unknown[] = [];
  const ask = (permission: string, requestingUrl: string) =>
    desktop.session.request?.({}, permission, (answer: unknown) => answers.push(answer), { requestingUrl });
  ask('clipboard-sanitized-write', 'app://sallyport/index.html');
  ask('media', 'app://sallyport/index.html');
  ask('clipboard-sanitized-write', 'https://example.com/');
  expect(answers).toEqual([true, false, false]);
  expect(desktop.session.check?.({}, 'notifications', 'app://sallyport/')).toBe(false);
  expect(desktop.session.device?.({})).toBe(false);
});

describe('any page', () => {
  it.each(['will-navigate', 'will-redirect', 'will-frame-navigate'])('cannot leave (%s)', (event) => {
    const contents = Object.assign(new EventEmitter(), { setWindowOpenHandler: () => {} });
    guardContents(contents as unknown as WebContents);
    const leave = (url: string) => {
      let isPrevented = false;
      contents.emit(event, { url, preventDefault: () => (isPrevented = true) });
      return !isPrevented;
    };
    expect(leave('https://example.com/')).toBe(false);
    expect(leave('file:///etc/passwd')).toBe(false);
    expect(leave('app://sallyport/index.html#/audit')).toBe(true);
  });

  it('opens no window, and holds no page of another', () => {
    let opens: (() => unknown) | undefined;
    const contents = Object.assign(new EventEmitter(), {
      setWindowOpenHandler: (handler: () => unknown) => {
        opens = handler;
      },
    });
    guardContents(contents as unknown as WebContents);
    expect(opens?.()).toEqual({ action: 'deny' });
    const preventDefault = vi.fn();
    contents.emit('will-attach-webview', { preventDefault });
    expect(preventDefault).toHaveBeenCalled();
  });
});

it.each([
  ['Leave', 0, 1],
  ['Stay', 1, 0],
])('asks who leaves what is written and not saved: %s', (_label, choice, left) => {
  desktop.asked.length = 0;
  desktop.choice = choice;
  windows.showMain();
  const preventDefault = vi.fn();
  desktop.windows[0]?.webContents.emit('will-prevent-unload', { preventDefault });
  expect(desktop.asked).toEqual(['Leave what you have written?']);
  expect(preventDefault).toHaveBeenCalledTimes(left);
});

it('loads a page again that has crashed, but not for ever: then it is made anew when it is asked for', () => {
  windows.showMain();
  const [window] = desktop.windows;
  const crash = () => window?.webContents.emit('render-process-gone', {}, { reason: 'crashed' });
  crash();
  clock.advance(60_000);
  crash();
  expect(window?.done.slice(1)).toEqual(['reload', 'reload']);
  clock.advance(59_999);
  crash();
  expect(window?.done.slice(3)).toEqual(['destroy']);
  windows.showMain();
  expect(desktop.windows).toHaveLength(2);
});

it('leaves a page alone whose process ended with its window', () => {
  windows.showMain();
  desktop.windows[0]?.webContents.emit('render-process-gone', {}, { reason: 'clean-exit' });
  expect(desktop.windows[0]?.done).toHaveLength(1);
});

/**
 * All that the page gets of the app. Trust boundary: the page may be made to say anything; it holds these functions alone, each sends plain
 * data over one channel, and the app checks what arrives.
 */
import { contextBridge, ipcRenderer } from 'electron';
import {
  type BridgeAnswer,
  type BridgeNews,
  bridgeChannel,
  type DesktopBridge,
} from '../src/contract/desktop-bridge.ts';
import type { DesktopRequest } from '../src/contract/desktop-request.ts';
import { shellOf } from '../src/contract/shell-of.ts';

const ask = (request: DesktopRequest) => ipcRenderer.invoke(bridgeChannel, request);
// A page that is loaded again leaves its feeds behind: its own are numbered from elsewhere, or it would be sent what theirs lacked.
let [feeds = 0] = crypto.getRandomValues(new Uint32Array(1));

const bridge: DesktopBridge = {
  shell: shellOf(process),
  platform: process.platform,
  call: (operation, input, { timeoutMs } = {}) =>
    ask({ request: 'call', operation, input, timeoutMs }) as Promise<BridgeAnswer>,
  openClient: (tunnel) => ask({ request: 'open-client', tunnel }) as Promise<BridgeAnswer>,
  showWindow: (tunnel) => ask({ request: 'show-window', tunnel }) as Promise<BridgeAnswer>,
  startDaemon: () => ask({ request: 'start-daemon' }) as Promise<BridgeAnswer>,
  subscribe(listener) {
    const feed = ++feeds;
    let isOver = false;
    // The next is asked for when the last was taken: a page that is slow holds up nothing but itself.
    const follow = async () => {
      while (!isOver) {
        const news = (await ask({ request: 'news', feed })) as BridgeNews | undefined;
        if (!news) return;
        if (!isOver) listener(news);
      }
    };
    follow().catch(() => {});
    return () => {
      isOver = true;
      void ask({ request: 'end-feed', feed });
    };
  },
};

contextBridge.exposeInMainWorld('sallyport', bridge);

/**
 * The desktop app: a face of the daemon, which is a process of its own. What has to be said before Electron is ready is said here; the rest is
 * wired in desktop-app.ts.
 */
import { app, dialog, protocol } from 'electron';
import { AppError } from '../src/base/app-error.ts';
import { errorText } from '../src/contract/error-codes.ts';
import { type DeepLink, linkAmong, linkScheme, parseDeepLink } from './deep-link.ts';
import { startDesktopApp } from './desktop-app.ts';
import { appScheme } from './window-policy.ts';
import { guardContents } from './windows.ts';

const early: DeepLink[] = [];

// A second start hands its link to the first, and ends.
if (!app.requestSingleInstanceLock()) app.quit();
else {
  protocol.registerSchemesAsPrivileged([
    { scheme: appScheme, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
  app.enableSandbox();
  app.on('web-contents-created', (_event, contents) => guardContents(contents));
  if (app.isPackaged) app.setAsDefaultProtocolClient(linkScheme);
  const given = linkAmong(process.argv);
  if (given) early.push(given);
  // macOS tells of the link that started the app before it is ready; from then on the app listens itself.
  app.on('open-url', takeEarly);
  app
    .whenReady()
    .then(() => startDesktopApp(early))
    .catch((error) => {
      const { headline, next } = errorText(AppError.from(error).toData());
      dialog.showErrorBox('Sallyport did not start', [headline, next].filter(Boolean).join('\n'));
      app.exit(1);
    });
}

function takeEarly(_event: unknown, address: string): void {
  const link = parseDeepLink(address);
  if (link && early.length === 0) early.push(link);
}

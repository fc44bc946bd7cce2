import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Configuration } from 'electron-builder';
import type { Publisher } from './publisher.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** With whom it names as its maintainer, where there is one. */
export function builderConfigOf(publisher: Publisher | undefined): Configuration {
  if (!publisher) return builderConfig;
  const { name, email } = publisher;
  return { ...builderConfig, linux: { ...builderConfig.linux, maintainer: `${name} <${email}>` } };
}

/** How the app is packed, whoever publishes it. The executable lies beside the archive, as a system can run nothing that is inside. */
export const builderConfig: Configuration = {
  appId: 'io.sallyport.desktop',
  productName: 'Sallyport',
  // No electron in devDependencies of what is packed, so it is named here; the test of this file compares it with the pinned one.
  electronVersion: '45.4.1',
  directories: {
    app: join(root, 'dist/desktop'),
    output: join(root, 'dist/packages'),
    buildResources: join(root, 'dist/icons'),
  },
  files: ['**/*'],
  extraResources: [
    { from: join(root, 'dist/executable'), to: 'bin', filter: ['sallyport', 'sallyport.exe'] },
  ],
  asar: true,
  // All of it is in the bundles: nothing is to be looked for in node_modules, which would all be packed.
  beforeBuild: async () => false,
  // https://www.electronjs.org/docs/latest/tutorial/fuses: what the binary can never be talked into.
  electronFuses: {
    runAsNode: false,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
  },
  protocols: [{ name: 'Sallyport', schemes: ['sallyport'] }],
  // Nothing is published from here, and no address to ask for updates is built in (no name ends in .invalid): its user names one. Without a
  // provider there would be neither the files that a server of updates has beside the packages nor the one that the app's updater reads.
  publish: { provider: 'generic', url: 'https://updates.invalid/' },
  mac: {
    // Of the processor that it is packed on, as the executable is.
    // Updates are taken out of the zip.
    target: ['dmg', 'zip'],
    category: 'public.app-category.developer-tools',
    hardenedRuntime: true,
    // A menu bar's app has no place in the Dock while it has no window.
    extendInfo: { LSUIElement: true },
    binaries: ['Contents/Resources/bin/sallyport'],
  },
  win: { target: 'nsis' },
  nsis: { oneClick: true, perMachine: false, deleteAppDataOnUninstall: false },
  linux: {
    target: ['AppImage', 'deb'],
    category: 'Development',
    synopsis: 'Lasting, guarded tunnels into Kubernetes',
    desktop: { entry: { StartupWMClass: 'Sallyport' } },
  },
};

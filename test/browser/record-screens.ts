/**
 * Records the pictures of README and docs: the main views in both themes, and the way from nothing to a psql prompt, all of it done by a
 * browser on a real daemon, and in a real psql.
 */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startBrowser } from '../support/browser.ts';
import { recordFirstSteps } from './record-first-steps.ts';
import { recordViews } from './record-views.ts';

const folder = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));

await mkdir(folder, { recursive: true });
const browser = await startBrowser();
try {
  await recordFirstSteps(browser, folder);
  await recordViews(browser, folder);
} finally {
  await browser.close();
}

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeViolations, describeInBrowser, openWindow, startBrowser } from '../support/browser.ts';
import { CommandLineUser } from '../support/command-line-user.ts';
import { postgresLogin, postgresStatefulSet } from '../support/manifests.ts';
import { runCopied } from '../support/postgres-programs.ts';
import { describeOnRealcluster } from '../support/suite.ts';

/** The program that is shipped and the page in it, on a real control plane: from a click to psql, and on to the next pod. */
describeInBrowser('in a browser', () => {
  describeOnRealcluster('window', (suite) => {
    const { namespace } = suite;
    let user: CommandLineUser;
    let browser: Browser;

    beforeAll(async () => {
      await suite.api.apply(postgresStatefulSet({ namespace, name: 'postgres' }));
      await suite.api.readyPod({ namespace, name: 'postgres-0' });
      user = await CommandLineUser.create({ KUBECONFIG: suite.kubeconfig });
      await user.home.writeProfiles({
        profiles: {
          'orders-db': {
            cluster: { server: suite.realcluster.server },
            namespace,
            target: 'statefulset/postgres/0',
            port: 5432,
            kind: 'postgres',
            connection: { database: postgresLogin.database, user: postgresLogin.user },
          },
        },
      });
      browser = await startBrowser();
    });
    afterAll(async () => {
      await browser?.close();
      await user?.[Symbol.asyncDispose]();
    });

    const uid = (page: Page) =>
      page.getByRole('region', { name: 'orders-db' }).getByText(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);

    const select = (command: string) =>
      runCopied(command, 'select current_user', { ...user.env, PGPASSWORD: postgresLogin.password });

    test('a click connects, the copied command logs in, and the next pod is seen to answer on the same port', async () => {
      const url = (await user.ok('ui', '--no-open')).trim();
      await using window = await openWindow(browser, url);
      const { page, complaints } = window;
      await page.getByRole('button', { name: 'Connect orders-db' }).click();
      await page.getByRole('button', { name: 'Copy psql command' }).click();
      await page.getByRole('button', { name: 'Copied psql command' }).waitFor();
      const command = await page.evaluate<string>('navigator.clipboard.readText()');
      expect(await select(command)).toBe(postgresLogin.user);

      const before = await suite.api.readyPod({ namespace, name: 'postgres-0' });
      expect(await uid(page).innerText()).toBe(before.metadata.uid);
      expect(await axeViolations(page)).toEqual([]);
      await suite.api.delete({ kind: 'Pod', namespace, name: 'postgres-0' });
      const after = await suite.api.readyPod({
        namespace,
        name: 'postgres-0',
        replacing: before.metadata.uid,
      });
      await uid(page).filter({ hasText: after.metadata.uid }).waitFor();
      expect(await select(command)).toBe(postgresLogin.user);
      await page.getByRole('tab', { name: 'History' }).click();
      for (const pod of [before, after])
        await page
          .getByText(new RegExp(`postgres-0 · ${pod.metadata.uid.slice(0, 4)}`))
          .first()
          .waitFor();
      expect(complaints).toEqual([]);
    });
  });
});

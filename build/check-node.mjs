// npm puts node_modules/.bin first, so that scripts run on the pinned `node` package; where that is missing they must not run on another.
import { readFileSync } from 'node:fs';

const { devDependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
if (process.versions.node !== devDependencies.node) {
  process.stderr.write(
    `npm scripts run on Node ${devDependencies.node}, this is ${process.versions.node}: run npm ci first\n`,
  );
  process.exit(1);
}

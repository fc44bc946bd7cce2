#!/usr/bin/env node
// Kept to what every Node can parse: a version too old must get a sentence, not a syntax error.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`sallyport needs Node 22.19 or later, this is ${process.versions.node}\n`);
  process.exitCode = 1;
} else {
  // Compiled code is kept between runs, in a folder of the user's own: a shared one would let others plant code.
  const { enableCompileCache } = await import('node:module');
  const { homedir } = await import('node:os');
  const { join } = await import('node:path');
  enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sallyport', 'compiled'));
  const { main } = await import('./main.js');
  await main(process.argv.slice(2));
}

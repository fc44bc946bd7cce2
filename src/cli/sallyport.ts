#!/usr/bin/env node
// Kept to what every Node can parse: a version too old must get a sentence, not a syntax error.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`sallyport needs Node 22.19 or later, this is ${process.versions.node}\n`);
  process.exitCode = 1;
} else {
  const { main } = await import('./main.ts');
  await main(process.argv.slice(2));
}
